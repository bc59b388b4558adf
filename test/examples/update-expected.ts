// Rewrites expected/ of the named examples (or all) from what their offline workers say now:
// `node test/examples/update-expected.ts documents`, then look at the difference.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXAMPLES, exampleNames, runExample } from './run-example.ts';

/** Files made by an example that are expected byte for byte. */
const FILES: Readonly<Record<string, readonly string[]>> = { 'review-code': ['report/report.md'] };
/** Of the documents only these are kept: a few of every kind. */
const DOCUMENTS = new Set([
  'almanac/greenwich-sun-2026.csv',
  'elements/carbon.md',
  'law and speeches/déclaration-1789.txt',
  'literature/erlkönig.txt',
  "planets/Halley's Comet.md",
  'planets/mars.md',
  'planets/planets.json',
  'rivers/danube.html',
  'rivers/Río de la Plata.md',
  'software/sunrise.py',
  'software/weather-station.ini',
  'software/weather-station.log',
]);

const scratch = await mkdtemp(path.join(tmpdir(), 'abp-expected-'));
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : await exampleNames()) {
  const { results, folder } = await runExample(name, scratch);
  const kept = name === 'documents' ? results.filter(({ key }) => DOCUMENTS.has(key)) : results;
  const expected = path.join(EXAMPLES, name, 'expected');
  await mkdir(expected, { recursive: true });
  await writeFile(path.join(expected, 'results.jsonl'), kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  for (const file of FILES[name] ?? []) {
    await writeFile(path.join(expected, path.basename(file)), await readFile(path.join(folder, 'output', file)));
  }
  console.log(`${name}: ${kept.length} of ${results.length} results, ${(await readdir(expected)).length} files`);
}
await rm(scratch, { recursive: true });
