-- Which elements were found in which country's laboratories, by century.
CREATE TABLE element (
  number  INTEGER PRIMARY KEY,
  symbol  TEXT NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  year    INTEGER,          -- NULL: known since antiquity
  country TEXT
);

INSERT INTO element VALUES
  (1, 'H', 'hydrogen', 1766, 'England'),
  (7, 'N', 'nitrogen', 1772, 'Scotland'),
  (8, 'O', 'oxygen', 1774, 'England'),
  (27, 'Co', 'cobalt', 1735, 'Sweden'),
  (79, 'Au', 'gold', NULL, NULL),
  (88, 'Ra', 'radium', 1898, 'France'),
  (92, 'U', 'uranium', 1789, 'Germany');

SELECT country, year / 100 + 1 AS century, count(*) AS elements
FROM element
WHERE year IS NOT NULL
GROUP BY country, century
ORDER BY century, elements DESC;
