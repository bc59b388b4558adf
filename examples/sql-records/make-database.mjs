// Makes input/library.db from input/library.sql. The database is in the repository; run this after changing the SQL.
import { readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const file = new URL('input/library.db', import.meta.url);
rmSync(file, { force: true });
const database = new DatabaseSync(file);
database.exec(readFileSync(new URL('input/library.sql', import.meta.url), 'utf8'));
database.exec('VACUUM');
database.close();
