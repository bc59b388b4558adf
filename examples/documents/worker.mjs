// The offline worker of this example: reads one document and reports what is in it, with no model and no network.
// In: one JSON object { prompt, payload, … } on stdin. Out: one JSON object on stdout. Anything wrong: stderr and exit 1.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { dates, guessLanguage, numbers, sentences, summarize, topTerms, words, years } from './figures.mjs';
import { kindOf, readDocument } from './readers.mjs';

const WORDS_PER_MINUTE = 230;

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  process.stdout.write(`${JSON.stringify(await report(payload.file_path))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Everything this worker can say about one document. */
async function report(file) {
  const bytes = await readFile(file);
  const source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const kind = kindOf(file);
  const {
    title,
    prose,
    figures = source,
    dated = figures,
    headings = [],
    links = [],
    summary,
    outline,
  } = readDocument(kind, source);
  const said = sentences(prose);
  const language = guessLanguage(prose);
  const count = words(prose).length;
  return {
    title: title ?? path.basename(file),
    kind,
    language,
    bytes: bytes.length,
    lines: source.split('\n').length - (source.endsWith('\n') ? 1 : 0),
    words: count,
    sentences: said.length,
    reading_minutes: Math.round((count / WORDS_PER_MINUTE) * 10) / 10,
    headings,
    years: years(dated),
    dates: dates(dated),
    numbers: numbers(figures),
    links,
    top_terms: topTerms(prose),
    outline,
    summary: summary ?? (said.length > 0 ? summarize(said, prose) : outline),
  };
}
