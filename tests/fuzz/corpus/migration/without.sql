-- revision: aa
-- down_revision: none
-- message: m
-- migrate:up transaction:false
VACUUM;
