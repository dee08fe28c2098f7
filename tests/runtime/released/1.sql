-- A database that 0.1.0 wrote: a document, an execution that has ended and one that awaits its second approval.
-- Its times are moved to the year 2099, so that nothing in it is due.
PRAGMA application_id=1383427671;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE attachments (
    sha256   TEXT PRIMARY KEY,
    content  BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE document_shares (
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    name         TEXT NOT NULL,
    with_account TEXT NOT NULL,
    version      TEXT NOT NULL,
    PRIMARY KEY (account, region, name, with_account)
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
INSERT INTO "document_versions" VALUES('123456789012','us-east-1','Book',1,NULL,NULL,NULL,NULL,'YAML','142fb70feb5aced3f91718f2a242ec8fed76065ea57e1af1980453c507c0f800','description: Two steps around a person.
schemaVersion: ''0.3''
parameters:
  Note: {type: String, default: none}
variables:
  Count: {type: Integer, default: 0}
outputs: [Ask.ApprovalStatus]
mainSteps:
  - {name: Count, action: ''aws:updateVariable'', inputs: {Name: ''variable:Count'', Value: 1}}
  - {name: Ask, action: ''aws:approve'', inputs: {Approvers: [ann, bob], MinRequiredApprovals: 2}}
  - {name: Rest, action: ''aws:sleep'', inputs: {Duration: PT0S}}
',4095813788.712);
CREATE TABLE documents (
    account          TEXT NOT NULL,
    region           TEXT NOT NULL,
    name             TEXT NOT NULL,
    type             TEXT NOT NULL,
    default_version  INTEGER NOT NULL,
    last_version     INTEGER NOT NULL,  -- ever given; a deleted version's number is not given again
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;
INSERT INTO "documents" VALUES('123456789012','us-east-1','Book','Automation',1,1);
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
INSERT INTO "executions" VALUES(1,'ac84c37d-8d22-42cb-951d-075842471427','123456789012','us-east-1','ac84c37d-8d22-42cb-951d-075842471427',NULL,'Book','b07d4611f167baef416dd34d01f4f2e420e971a8e67aaa1d7ae5c15ec9e965fc','Success','Local','running',0,4.09581378871523690216e+09,4.09581378871815443036e+09,NULL,'11111111-1111-1111-1111-111111111111','f849abfa7dba9e482050dc028cdf340d18824c099cc6d019df5fe2b423f3171d',NULL,NULL,4,'{"id":"ac84c37d-8d22-42cb-951d-075842471427","family":"ac84c37d-8d22-42cb-951d-075842471427","account":"123456789012","region":"us-east-1","partition":"aws","executed_by":"arn:aws:iam::123456789012:user/someone","document":"Book","version":"1","runbook_sha256":"b07d4611f167baef416dd34d01f4f2e420e971a8e67aaa1d7ae5c15ec9e965fc","request":{"DocumentName":"Book","Parameters":{"Note":["ended"]},"ClientToken":"11111111-1111-1111-1111-111111111111","Tags":[{"Key":"Team","Value":"blue"}]},"parameters":{"Note":"ended"},"role":null,"via":null,"in_location":false,"parent":null,"target":null,"target_type":null,"skip_time":false,"initiator":""}','{"AutomationExecutionId":"ac84c37d-8d22-42cb-951d-075842471427","DocumentName":"Book","DocumentVersion":"1","ExecutionStartTime":4095813788.715,"ExecutionEndTime":4095813788.718,"AutomationExecutionStatus":"Success","Parameters":{"Note":["ended"]},"Outputs":{"Ask.ApprovalStatus":["Approved"]},"Mode":"Auto","ExecutedBy":"arn:aws:iam::123456789012:user/someone","Targets":[],"ResolvedTargets":{"ParameterValues":[],"Truncated":false},"Variables":{"Count":["1"]}}',NULL);
INSERT INTO "executions" VALUES(2,'e48682d7-0b23-49c8-98a5-9f090f23a91d','123456789012','us-east-1','e48682d7-0b23-49c8-98a5-9f090f23a91d',NULL,'Book','b07d4611f167baef416dd34d01f4f2e420e971a8e67aaa1d7ae5c15ec9e965fc','Waiting','Local','running',0,4.09581378871920895575e+09,NULL,'aws:approve',NULL,NULL,1.79641858871924376492e+09,NULL,2,'{"id":"e48682d7-0b23-49c8-98a5-9f090f23a91d","family":"e48682d7-0b23-49c8-98a5-9f090f23a91d","account":"123456789012","region":"us-east-1","partition":"aws","executed_by":"arn:aws:iam::123456789012:user/someone","document":"Book","version":"1","runbook_sha256":"b07d4611f167baef416dd34d01f4f2e420e971a8e67aaa1d7ae5c15ec9e965fc","request":{"DocumentName":"Book","Parameters":{"Note":["waiting"]}},"parameters":{"Note":"waiting"},"role":null,"via":null,"in_location":false,"parent":null,"target":null,"target_type":null,"skip_time":false,"initiator":""}','{"AutomationExecutionId":"e48682d7-0b23-49c8-98a5-9f090f23a91d","DocumentName":"Book","DocumentVersion":"1","ExecutionStartTime":4095813788.719,"AutomationExecutionStatus":"Waiting","Parameters":{"Note":["waiting"]},"Outputs":{"Ask.ApprovalStatus":["No output available yet because the step is not successfully executed"]},"Mode":"Auto","ExecutedBy":"arn:aws:iam::123456789012:user/someone","CurrentStepName":"Ask","CurrentAction":"aws:approve","Targets":[],"ResolvedTargets":{"ParameterValues":[],"Truncated":false},"Variables":{"Count":["1"]}}','{"now":4095813788.7203205,"started_at":4095813788.719209,"status":"Waiting","slot":null,"ended_at":null,"variables":{"Count":1},"outputs":{},"output_bytes":0,"unsuccessful":[],"positions":2,"seq":2,"triggered_alarms":[],"stop":null,"cancel_until":null,"failure_message":null,"breath":false,"frames":[{"path":"","loop":null,"iteration":0,"next":null,"visits":{"Count":1,"Ask":1},"failed":null,"activity":{"name":"Ask","path":"Ask","visit":1,"position":2,"since":4095813788.7192438,"attempt":1,"attempt_since":4095813788.7192438,"fresh":false,"inputs":{"Approvers":["ann","bob"],"MinRequiredApprovals":2},"timeout_at":1796418588.7192438,"decided":null,"interrupting":null,"closing_until":null,"values":null,"max_iterations":0,"orphan":null}}],"fanout":null}');
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
INSERT INTO "replies" VALUES(2,'Ask',1,1,0,4.09581378872032046316e+09,'AwaitSignal:86d55c4a4426033e390c2010','{"kind":"Reply","v":1,"value":{"signal":"Approve","by":"arn:aws:iam::123456789012:user/ann","payload":{"Comment":["fine"]},"at":4095813788.7203205},"failure":null,"interrupted":null}');
CREATE TABLE runbooks (
    sha256 TEXT PRIMARY KEY,
    format TEXT NOT NULL,
    text   TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "runbooks" VALUES('b07d4611f167baef416dd34d01f4f2e420e971a8e67aaa1d7ae5c15ec9e965fc','YAML','description: Two steps around a person.
schemaVersion: ''0.3''
parameters:
  Note: {type: String, default: none}
variables:
  Count: {type: Integer, default: 0}
outputs: [Ask.ApprovalStatus]
mainSteps:
  - {name: Count, action: ''aws:updateVariable'', inputs: {Name: ''variable:Count'', Value: 1}}
  - {name: Ask, action: ''aws:approve'', inputs: {Approvers: [ann, bob], MinRequiredApprovals: 2}}
  - {name: Rest, action: ''aws:sleep'', inputs: {Duration: PT0S}}
');
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
INSERT INTO "steps" VALUES(1,1,'77794d66-ec8a-506b-9b12-97fa38094500','Count','aws:updateVariable','Success',4.0958137887152917385e+09,4.0958137887152917385e+09,NULL,NULL,NULL,1,'{"StepName":"Count","Action":"aws:updateVariable","ExecutionStartTime":4095813788.715,"ExecutionEndTime":4095813788.715,"StepStatus":"Success","Inputs":{"Name":"\"variable:Count\"","Value":"1"},"Outputs":{},"StepExecutionId":"77794d66-ec8a-506b-9b12-97fa38094500","OverriddenParameters":{},"ValidNextSteps":["Ask"]}');
INSERT INTO "steps" VALUES(1,2,'06dfa605-8f26-5403-917c-3b104ebd5e04','Ask','aws:approve','Success',4.0958137887152917385e+09,4.09581378871815443036e+09,NULL,NULL,NULL,4,'{"StepName":"Ask","Action":"aws:approve","ExecutionStartTime":4095813788.715,"ExecutionEndTime":4095813788.718,"StepStatus":"Success","Inputs":{"Approvers":"[\"ann\",\"bob\"]","MinRequiredApprovals":"2"},"Outputs":{"ApprovalStatus":["Approved"],"ApproverDecisions":["{\"Approver\":\"arn:aws:iam::123456789012:user/ann\",\"Decision\":\"Approve\",\"DecisionTime\":\"2026-11-27T21:09:48Z\"}","{\"Approver\":\"arn:aws:iam::123456789012:user/bob\",\"Decision\":\"Approve\",\"DecisionTime\":\"2026-11-27T21:09:48Z\"}"]},"StepExecutionId":"06dfa605-8f26-5403-917c-3b104ebd5e04","OverriddenParameters":{},"ValidNextSteps":["Rest"]}');
INSERT INTO "steps" VALUES(1,3,'b1a0c52d-ead9-5d35-aa6e-7d84da038899','Rest','aws:sleep','Success',4.09581378871815443036e+09,4.09581378871815443036e+09,NULL,NULL,NULL,4,'{"StepName":"Rest","Action":"aws:sleep","ExecutionStartTime":4095813788.718,"ExecutionEndTime":4095813788.718,"StepStatus":"Success","Inputs":{"Duration":"\"PT0S\""},"Outputs":{},"StepExecutionId":"b1a0c52d-ead9-5d35-aa6e-7d84da038899","OverriddenParameters":{}}');
INSERT INTO "steps" VALUES(2,1,'91fdb494-0117-57d9-85d8-69f272c84cdb','Count','aws:updateVariable','Success',4.09581378871924376484e+09,4.09581378871924376484e+09,NULL,NULL,NULL,1,'{"StepName":"Count","Action":"aws:updateVariable","ExecutionStartTime":4095813788.719,"ExecutionEndTime":4095813788.719,"StepStatus":"Success","Inputs":{"Name":"\"variable:Count\"","Value":"1"},"Outputs":{},"StepExecutionId":"91fdb494-0117-57d9-85d8-69f272c84cdb","OverriddenParameters":{},"ValidNextSteps":["Ask"]}');
INSERT INTO "steps" VALUES(2,2,'9c48dccb-c14a-503a-9e4e-7fc0ce45a7c7','Ask','aws:approve','Waiting',4.09581378871924376484e+09,NULL,NULL,NULL,NULL,2,'{"StepName":"Ask","Action":"aws:approve","ExecutionStartTime":4095813788.719,"StepStatus":"Waiting","Inputs":{"Approvers":"[\"ann\",\"bob\"]","MinRequiredApprovals":"2"},"Outputs":{"ApprovalStatus":["Waiting"],"ApproverDecisions":["{\"Approver\":\"arn:aws:iam::123456789012:user/ann\",\"Decision\":\"Approve\",\"DecisionTime\":\"2026-11-27T21:09:48Z\",\"Comment\":\"fine\"}"]},"StepExecutionId":"9c48dccb-c14a-503a-9e4e-7fc0ce45a7c7","OverriddenParameters":{},"ValidNextSteps":["Rest"]}');
CREATE TABLE tags (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    type     TEXT NOT NULL,
    resource TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (account, region, type, resource, name)
) WITHOUT ROWID;
INSERT INTO "tags" VALUES('123456789012','us-east-1','Automation','ac84c37d-8d22-42cb-951d-075842471427','Team','blue');
INSERT INTO "tags" VALUES('123456789012','us-east-1','Document','Book','Team','blue');
CREATE UNIQUE INDEX document_versions_by_number ON document_versions (account, region, name, number);
CREATE UNIQUE INDEX document_versions_by_name ON document_versions (account, region, name, version_name)
    WHERE version_name IS NOT NULL;
CREATE INDEX document_shares_by_account ON document_shares (with_account, region, account, name);
CREATE UNIQUE INDEX executions_by_token ON executions (account, region, token) WHERE token IS NOT NULL;
CREATE INDEX executions_unfinished ON executions (number) WHERE ended_at IS NULL;
CREATE INDEX executions_by_start ON executions (account, region, started_at, number);
CREATE INDEX executions_by_status ON executions (account, region, status, started_at, number);
CREATE INDEX executions_by_document ON executions (account, region, document, status, started_at, number);
CREATE INDEX executions_by_parent_start ON executions (parent, started_at, number) WHERE parent IS NOT NULL;
CREATE INDEX executions_across_accounts ON executions (account, region, started_at, number)
    WHERE type = 'CrossAccount';
CREATE INDEX tags_by_name ON tags (account, region, type, name, resource);
COMMIT;
