import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Size of the pieces written to disk. */
const CHUNK_CHARS = 1 << 16;

/** A CSV file of customers, 80 to 100 bytes a row, with a unique `id`; made once. Returns its path. */
export function customersCsv(directory: string, rows: number): Promise<string> {
  const row = (n: number) =>
    `${n},Customer ${n},customer${n}@example.com,Springfield,${(n * 37) % 10_000}.50,opened an account and called ${n % 97} times`;
  return writeLines(
    join(directory, `customers-${rows}.csv`),
    'id,name,email,city,amount,note\n',
    rows,
    row,
    '\n',
    '\n',
  );
}

/** The same customers as one JSON array, about 170 bytes each. */
export function customersJson(directory: string, items: number): Promise<string> {
  return writeLines(join(directory, `customers-${items}.json`), '[\n', items, customer, ',\n', '\n]\n');
}

/** The same customers as JSON Lines. */
export function customersJsonl(directory: string, items: number): Promise<string> {
  return writeLines(join(directory, `customers-${items}.jsonl`), '', items, customer, '\n', '\n');
}

/** Small files in folders of a hundred; returns the directory. */
export function manyFiles(directory: string, count: number): string {
  const base = join(directory, `files-${count}`);
  if (existsSync(base)) return base;
  for (let n = 0; n < count; n++) {
    const folder = join(base, `folder-${Math.floor(n / 100)}`);
    if (n % 100 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `document ${n}.txt`), `${n}\n`);
  }
  return base;
}

function customer(n: number): string {
  const note = `opened an account and called ${n % 97} times`;
  return JSON.stringify({
    id: n,
    name: `Customer ${n}`,
    email: `customer${n}@example.com`,
    city: 'Springfield',
    tags: ['a', 'b'],
    note,
  });
}

async function writeLines(
  path: string,
  head: string,
  count: number,
  line: (n: number) => string,
  between: string,
  tail: string,
): Promise<string> {
  if (existsSync(path)) return path;
  const chunks = function* () {
    let text = head;
    for (let n = 0; n < count; n++) {
      text += line(n) + (n < count - 1 ? between : tail);
      if (text.length < CHUNK_CHARS) continue;
      yield text;
      text = '';
    }
    yield text;
  };
  await pipeline(Readable.from(chunks()), createWriteStream(path));
  return path;
}
