// The offline worker of the browser tests. It says what it does, waits where it is told to until a file is there, and
// fails where it is told to until another one is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const { payload, attempt } = JSON.parse(await text(process.stdin));
const here = (name) => existsSync(join(process.env.SIGNALS, name));

process.stderr.write(`attempt ${attempt} looks at ${payload.name}\n`);
if (payload.waits && !here('go')) {
  process.stderr.write('waiting to be let go\n');
  while (!here('go')) await sleep(25);
}
if (payload.fails && !here('fixed')) {
  process.stderr.write(`cannot open "${payload.name}.pdf": it is encrypted\n`);
  process.exit(1);
}
process.stdout.write(JSON.stringify({ title: payload.name.toUpperCase(), length: payload.name.length }));
