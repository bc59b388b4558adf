import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';

/** Enumerates a source without storing it: `enumerate TYPE CONFIG`. Prints `{ items, seconds }` as JSON. */
const [type = '', config = '{}'] = process.argv.slice(2);
const enumerator = await getEnumerator(type);
const parsed = parseConfig(enumerator, JSON.parse(config));
const started = performance.now();
let items = 0;
for await (const _ of enumerator.enumerate(parsed, { workingDirectory: process.cwd() })) items++;
process.stdout.write(JSON.stringify({ items, seconds: (performance.now() - started) / 1000 }));
