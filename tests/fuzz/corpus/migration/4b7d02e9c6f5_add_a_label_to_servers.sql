-- revision: 4b7d02e9c6f5
-- down_revision: 981cbaae32a1
-- message: Add a label to servers
-- created: 2026-02-16T08:41:52Z
-- migrate:up
ALTER TABLE servers ADD COLUMN label VARCHAR(64);
CREATE INDEX ix_servers_label ON servers (label);

-- migrate:down
DROP INDEX ix_servers_label;
ALTER TABLE servers DROP COLUMN label;
