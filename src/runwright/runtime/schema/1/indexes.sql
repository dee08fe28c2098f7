-- What lists need so that a page costs the same however many executions there are. Newest first is by start, then number.

CREATE INDEX executions_by_start ON executions (account, region, started_at, number);

CREATE INDEX executions_by_status ON executions (account, region, status, started_at, number);

CREATE INDEX executions_by_document ON executions (account, region, document, status, started_at, number);

CREATE INDEX executions_by_parent_start ON executions (parent, started_at, number) WHERE parent IS NOT NULL;

CREATE INDEX executions_across_accounts ON executions (account, region, started_at, number)
    WHERE type = 'CrossAccount';

CREATE INDEX tags_by_name ON tags (account, region, type, name, resource);
