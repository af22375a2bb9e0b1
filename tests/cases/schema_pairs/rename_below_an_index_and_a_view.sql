-- from
CREATE TABLE goods (id INTEGER PRIMARY KEY, label TEXT, price REAL) STRICT;
CREATE UNIQUE INDEX by_label ON goods (lower(label)) WHERE price > 0;
CREATE VIEW dear AS SELECT label FROM goods WHERE price > 100;
-- to
CREATE TABLE goods (id INTEGER PRIMARY KEY, title TEXT /* @renamed from=label */, price REAL, note TEXT) STRICT;
CREATE UNIQUE INDEX by_label ON goods (lower(title)) WHERE price > 0;
CREATE VIEW dear AS SELECT title AS label FROM goods WHERE price > 100;
-- rows
INSERT INTO goods VALUES (1, 'a', 1.5), (2, 'B', 200.0), (3, NULL, -1.0);
