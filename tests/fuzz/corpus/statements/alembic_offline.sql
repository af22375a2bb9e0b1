CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> a1

CREATE TRIGGER t AFTER INSERT ON s BEGIN UPDATE s SET n = ';'; SELECT 1; END;

INSERT INTO alembic_version (version_num) VALUES ('a1');

-- Running upgrade a1, b2 -> c3

UPDATE alembic_version SET version_num='c3' WHERE alembic_version.version_num = 'a1';

FAILED: it's over
