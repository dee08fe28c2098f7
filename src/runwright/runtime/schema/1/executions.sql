-- Executions, their steps, and the replies of attempts in flight. Times are seconds since the epoch.

CREATE TABLE runbooks (
    sha256 TEXT PRIMARY KEY,
    format TEXT NOT NULL,
    text   TEXT NOT NULL
) WITHOUT ROWID;

-- `begin` never changes; `cursor` is NULL once the execution has ended. `wake_at` is when it has to be loaded: 0 at once,
-- NULL only when a request asks for it. `slot` is held, asked or NULL.
CREATE TABLE executions (
    number         INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    family         TEXT NOT NULL,
    parent         TEXT,
    document       TEXT NOT NULL,
    runbook        TEXT NOT NULL,
    status         TEXT NOT NULL,
    type           TEXT NOT NULL,
    quota          TEXT NOT NULL,
    skip_time      INTEGER NOT NULL,
    started_at     REAL NOT NULL,
    ended_at       REAL,
    current_action TEXT,
    token          TEXT,
    token_request  TEXT,
    wake_at        REAL,
    slot           TEXT,
    seq            INTEGER NOT NULL,
    begin          TEXT NOT NULL,
    record         TEXT NOT NULL,
    cursor         TEXT
);

CREATE UNIQUE INDEX executions_by_token ON executions (account, region, token) WHERE token IS NOT NULL;
CREATE INDEX executions_unfinished ON executions (number) WHERE ended_at IS NULL;

CREATE TABLE steps (
    execution      INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    id             TEXT NOT NULL,
    name           TEXT NOT NULL,
    action         TEXT NOT NULL,
    status         TEXT NOT NULL,
    started_at     REAL NOT NULL,
    ended_at       REAL,
    parent_id      TEXT,
    iteration      INTEGER,
    iterator_value TEXT,
    seq            INTEGER NOT NULL,
    record         TEXT NOT NULL,
    PRIMARY KEY (execution, position)
) WITHOUT ROWID;

CREATE TABLE replies (
    execution INTEGER NOT NULL,
    path      TEXT NOT NULL,
    visit     INTEGER NOT NULL,
    attempt   INTEGER NOT NULL,
    idx       INTEGER NOT NULL,
    at        REAL NOT NULL,
    effect    TEXT NOT NULL,
    reply     TEXT NOT NULL,
    PRIMARY KEY (execution, path, visit, attempt, idx)
) WITHOUT ROWID;

CREATE TABLE tags (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    type     TEXT NOT NULL,
    resource TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (account, region, type, resource, name)
) WITHOUT ROWID;
