// The offline worker of this example, with no model and no network. For a file it reports what its rules find; for the
// step over all results (its payload has results_path) it writes one report over all files.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { findings } from './rules.mjs';

const LANGUAGES = { '.js': 'javascript', '.py': 'python' };
const SEVERITIES = ['error', 'warning', 'note'];

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  const result = payload.results_path ? await report(payload) : await review(payload.file_path);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function review(file) {
  const language = LANGUAGES[path.extname(file)];
  if (language === undefined) throw new Error(`no rules for ${path.basename(file)}`);
  const source = await readFile(file, 'utf8');
  const found = findings(language, source);
  const count = (severity) => found.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = SEVERITIES.map(count);
  const verdict = errors > 0 ? 'must be fixed' : warnings > 0 ? 'should be fixed' : 'fine';
  return { language, lines: source.trimEnd().split('\n').length, verdict, errors, warnings, notes, findings: found };
}

async function report({ results_path }) {
  const rows = (await readFile(results_path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const reviewed = rows.filter(({ status }) => status === 'completed').sort((a, b) => (a.key < b.key ? -1 : 1));
  const all = reviewed.flatMap(({ payload, result }) =>
    result.findings.map((finding) => ({ file: payload.relative_path, ...finding })),
  );
  const worst = all.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  const counts = new Map();
  for (const { rule } of all) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const clean = reviewed
    .filter(({ result }) => result.findings.length === 0)
    .map(({ payload }) => payload.relative_path);
  const file = path.join(process.env.ABP_OUTPUT_DIR ?? 'output', 'report.md');
  const text = [
    '# Review',
    '',
    `${reviewed.length} of ${rows.length} files were reviewed: ${all.length} findings, ${worst.filter((f) => f.severity === 'error').length} of them errors.`,
    ...(clean.length > 0 ? [`Without any: ${clean.join(', ')}.`] : []),
    '',
    '## Findings, worst first',
    '',
    '| severity | file | line | what |',
    '|---|---|---|---|',
    ...worst.map(
      ({ severity, file, line, rule, message }) => `| ${severity} | ${file} | ${line} | **${rule}** ${message} |`,
    ),
    '',
    '## What comes up most',
    '',
    ...[...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([rule, count]) => `- ${rule}: ${count}`),
    '',
  ].join('\n');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return { report: path.basename(file), files: reviewed.length, findings: all.length };
}
