// The offline worker of this example, with no model and no network. For an image it looks at the pixels and puts a row
// into output/results.db, which all units share; for the step over all results it makes one page of all rows.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { look } from './look.mjs';
import { pageOf } from './page.mjs';
import { decodePng } from './png.mjs';

const DATABASE = path.join('output', 'results.db');

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  const result = payload.results_path ? await makePage() : await describe(payload);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function describe({ file_path, file_name }) {
  const seen = look(decodePng(await readFile(file_path)));
  const [kind, ...rest] = path.basename(file_name, '.png').split('-');
  const title = `${kind[0].toUpperCase()}${kind.slice(1)}, ${rest.join(' ')}`;
  const item = { file: file_name, title, kind, ...seen };
  const database = await openDatabase();
  // A unit that is tried again replaces its row: running twice leaves the same as running once.
  database
    .prepare('INSERT OR REPLACE INTO item (file, title, kind, colours, pattern, coverage) VALUES (?, ?, ?, ?, ?, ?)')
    .run(file_name, title, kind, seen.colours.join(', '), seen.pattern, seen.coverage);
  database.close();
  return item;
}

async function makePage() {
  const database = await openDatabase();
  const items = database.prepare('SELECT * FROM item ORDER BY kind, title').all();
  database.close();
  const images = await Promise.all(items.map(({ file }) => readFile(path.join('input', file), 'base64')));
  const file = path.join(process.env.ABP_OUTPUT_DIR ?? 'output', 'catalogue.html');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, pageOf(items.map((item, at) => ({ ...item, image: images[at] }))));
  return { page: path.basename(file), items: items.length };
}

async function openDatabase() {
  await mkdir(path.dirname(DATABASE), { recursive: true });
  const { DatabaseSync } = await import('node:sqlite').catch(() => {
    throw new Error(`this worker needs Node 22.13 or newer for node:sqlite, this is ${process.version}`);
  });
  const database = new DatabaseSync(DATABASE);
  // Several workers write at the same time: each waits for its turn.
  database.exec('PRAGMA busy_timeout = 10000');
  database.exec(
    'CREATE TABLE IF NOT EXISTS item (file TEXT PRIMARY KEY, title TEXT, kind TEXT, colours TEXT, pattern TEXT, coverage REAL)',
  );
  return database;
}
