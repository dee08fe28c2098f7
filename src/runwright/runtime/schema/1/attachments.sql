-- Attached files by content; a runbook names them with their SHA-256.

CREATE TABLE attachments (
    sha256   TEXT PRIMARY KEY,
    content  BLOB NOT NULL
) WITHOUT ROWID;
