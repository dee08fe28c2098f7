-- Documents by account and region, and the text of each of their versions.

CREATE TABLE documents (
    account          TEXT NOT NULL,
    region           TEXT NOT NULL,
    name             TEXT NOT NULL,
    type             TEXT NOT NULL,
    default_version  INTEGER NOT NULL,
    last_version     INTEGER NOT NULL,  -- ever given; a deleted version's number is not given again
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;

CREATE TABLE document_versions (
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    name          TEXT NOT NULL,
    number        INTEGER NOT NULL,
    version_name  TEXT,
    display_name  TEXT,
    target_type   TEXT,
    requires      TEXT,  -- JSON, as CreateDocument was given it
    format        TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    text          TEXT NOT NULL,
    created_at    REAL NOT NULL
);

CREATE UNIQUE INDEX document_versions_by_number ON document_versions (account, region, name, number);

CREATE UNIQUE INDEX document_versions_by_name ON document_versions (account, region, name, version_name)
    WHERE version_name IS NOT NULL;

-- With whom a document is shared: an account or `All`. `version` is $DEFAULT, $LATEST or $ALL.
CREATE TABLE document_shares (
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    name         TEXT NOT NULL,
    with_account TEXT NOT NULL,
    version      TEXT NOT NULL,
    PRIMARY KEY (account, region, name, with_account)
) WITHOUT ROWID;

CREATE INDEX document_shares_by_account ON document_shares (with_account, region, account, name);
