CREATE TABLE kept_new (id INTEGER PRIMARY KEY, n);
INSERT INTO kept_new (id) SELECT id FROM kept WHERE id > 0;
DROP TABLE kept;
ALTER TABLE kept_new RENAME TO kept;
