-- The lending desk of a small library. library.db is made from this file: see make-database.mjs.
CREATE TABLE member (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  language TEXT NOT NULL CHECK (language IN ('en', 'de', 'fr')),
  joined   TEXT NOT NULL
);
CREATE TABLE book (
  id     INTEGER PRIMARY KEY,
  title  TEXT NOT NULL,
  author TEXT NOT NULL,
  price  REAL NOT NULL
);
CREATE TABLE loan (
  id       INTEGER PRIMARY KEY,
  member   INTEGER NOT NULL REFERENCES member,
  book     INTEGER NOT NULL REFERENCES book,
  due      TEXT NOT NULL,
  returned TEXT,
  reminded INTEGER NOT NULL DEFAULT 0
);

INSERT INTO member VALUES
  (1, 'Ada Byron', 'en', '2019-05-02'),
  (2, 'Karl Gauß', 'de', '2021-11-30'),
  (3, 'Émilie du Châtelet', 'fr', '2020-02-14'),
  (4, 'Mary Somerville', 'en', '2024-08-19'),
  (5, 'Sophie Germain', 'fr', '2018-01-08'),
  (6, 'Emmy Noether', 'de', '2022-03-23'),
  (7, 'Robert O''Hara', 'en', '2025-12-01');

INSERT INTO book VALUES
  (1, 'Middlemarch', 'George Eliot', 14.5),
  (2, 'Die Verwandlung', 'Franz Kafka', 6.8),
  (3, 'Les Misérables', 'Victor Hugo', 19.9),
  (4, 'Moby-Dick', 'Herman Melville', 12.0),
  (5, 'Effi Briest', 'Theodor Fontane', 8.9),
  (6, 'Madame Bovary', 'Gustave Flaubert', 9.5),
  (7, 'The Moonstone', 'Wilkie Collins', 11.2),
  (8, 'Candide', 'Voltaire', 5.9),
  (9, 'Bleak House', 'Charles Dickens', 13.4),
  (10, 'Kabale und Liebe', 'Friedrich Schiller', 4.8);

INSERT INTO loan (id, member, book, due, returned, reminded) VALUES
  (501, 1, 1, '2026-03-20', NULL, 0),
  (502, 1, 4, '2026-02-10', '2026-02-09', 0),
  (503, 2, 2, '2026-03-30', NULL, 0),
  (504, 3, 3, '2026-01-15', NULL, 2),
  (505, 4, 7, '2026-03-01', NULL, 1),
  (506, 5, 6, '2026-03-25', NULL, 0),
  (507, 5, 8, '2025-11-28', NULL, 3),
  (508, 6, 5, '2026-04-14', NULL, 0),
  (509, 6, 10, '2026-02-27', NULL, 1),
  (510, 7, 9, '2026-03-28', NULL, 0),
  (511, 2, 4, '2026-03-12', NULL, 0),
  (512, 7, 3, '2026-03-05', '2026-03-19', 1),
  (513, 4, 9, '2025-12-19', NULL, 2),
  (514, 3, 1, '2026-03-29', NULL, 0);
