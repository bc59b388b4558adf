import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createTerminal, printable } from '../../../src/cli/terminal.ts';
import { firstUnseen } from '../../../src/domain/unseen-characters.ts';
import { UNSEEN_CHARACTERS } from '../../helpers/unseen.ts';
import { type Ran, workspace } from './abp.ts';
import { onTerminal } from './terminal.ts';

/** All that an argument can carry: a lone surrogate cannot become bytes, and a NUL ends it. */
const TYPED = UNSEEN_CHARACTERS.map(([, character]) => character)
  .filter((character) => character !== '\0' && character !== '\ud800')
  .join('x');
const HOSTILE = `\u001b[2J\u001b]0;owned\u0007${TYPED}`;

function expectSafe({ stdout, stderr }: Pick<Ran, 'stdout' | 'stderr'>): void {
  expect([firstUnseen(stdout), firstUnseen(stderr)]).toEqual([null, null]);
  // YAML has a code of its own for it.
  expect(stdout + stderr).toMatch(/\\(?:u001b|e)/);
}

describe('arguments are printed with unseen characters by their codes', () => {
  test.each<[string, readonly string[]]>([
    ['an unknown command', [HOSTILE]],
    ['a command that is nearly one', [`statu${HOSTILE}`]],
    ['an unknown option', ['status', `--${HOSTILE}`]],
    ['an argument too many', ['doctor', HOSTILE, HOSTILE]],
    ['a value that is no number', ['run', 'batch.yaml', '--limit', HOSTILE]],
    ['a word that is none of the choices', ['export', 'job-x', 'a.csv', '--format', HOSTILE]],
    ['a job', ['status', HOSTILE]],
    ['a batch file', ['run', HOSTILE]],
    ['a setting', ['run', 'batch.yaml', '--set', `${HOSTILE}=1`]],
    ['a value of a setting', ['run', 'batch.yaml', '--set', `limits=[${HOSTILE}`]],
    ['a kind of source', ['preview', HOSTILE]],
    ['a failure class', ['retry', 'job-x', '--class', HOSTILE]],
    ['a kind of enumerator', ['enumerators', HOSTILE]],
  ])('%s', async (_what, args) => {
    const space = workspace(['one']);
    const ran = await space.abp(...args);
    expect(ran.exitCode).not.toBe(0);
    expectSafe(ran);
    expectSafe(await space.abp(...args, '--json'));
  });

  test('the file of an export', async () => {
    const space = workspace(['one']);
    const { document } = await space.json('create', 'batch.yaml');
    const file = `${HOSTILE.replaceAll('/', '').slice(0, 100)}.csv`;
    expectSafe(await space.abp('export', document.job_id, file));
    expectSafe(await space.abp('export', document.job_id, join(file, 'x.csv')));
    const { stdout } = await space.abp('export', document.job_id, file, '--json');
    expectSafe({ stdout, stderr: '' });
    // A program reads what it was.
    expect(JSON.parse(stdout).path).toBe(join(space.folder, file));
  });
});

describe('files and items are printed with unseen characters by their codes', () => {
  test('names, keys, intents, results and messages, in every command that prints them', async () => {
    const space = workspace([`one ${HOSTILE}`, 'fail'], { name: HOSTILE, intent: `Count. ${HOSTILE}` });
    space.write(`in/odd\u001b[2J\u202e\u200b.txt`, 'x');
    for (const args of [
      ['run', 'batch.yaml', '--dry-run'],
      ['run', 'batch.yaml', '--yes'],
      ['preview', 'batch.yaml'],
      ['prompt', 'preview', 'batch.yaml'],
    ]) {
      expectSafe(await space.abp(...args));
    }
    const [jobId = ''] = await space.jobs();
    for (const args of [
      ['status'],
      ['status', jobId],
      ['show', jobId],
      ['show', jobId, '0'],
      ['units', jobId],
      ['watch', jobId],
      ['clone', jobId, '--print'],
      ['delete', jobId, '--yes', '--json'],
    ]) {
      const { stdout, stderr } = await space.abp(...args);
      expect([args, firstUnseen(stdout), firstUnseen(stderr)]).toEqual([args, null, null]);
    }
  });

  test('clone --print keeps them in a batch file', async () => {
    const odd = `Zero\u200bwidth, ${TYPED}, ❤️ and "quotes" \\ in ${'a long line '.repeat(20)}\nand another`;
    const space = workspace(['one'], { intent: odd });
    const { document } = await space.json('create', 'batch.yaml');
    const { stdout } = await space.abp('clone', document.job_id, '--print');
    expect(parse(stdout).intent).toBe(odd);
    space.write('again.yaml', stdout);
    const { document: again } = await space.json('create', 'again.yaml');
    expect((await space.job(again.job_id)).userIntent).toBe(odd);
    expect(firstUnseen(readFileSync(join(space.folder, 'again.yaml'), 'utf8'))).toBeNull();
  });
});

describe('the terminal itself', () => {
  test.each(UNSEEN_CHARACTERS)('shows %s', (_name, character, shown) => {
    for (const color of ['', '1']) {
      const { safe } = createTerminal(false, { FORCE_COLOR: color });
      expect(safe(`a${character}b`)).toBe(`a${shown}b`);
      expect(printable(`a${character}b`)).toBe(`a${shown}b`);
    }
  });

  test('prints its own colours, and no other escape sequence', () => {
    const { safe } = createTerminal(false, { FORCE_COLOR: '1' });
    const ours = pc.createColors(true);
    const text = ours.bold(
      `a ${ours.red('b')} ${ours.dim('c')} ${ours.yellow('d')} ${ours.cyan('e')} ${ours.green('f')}`,
    );
    expect(safe(text)).toBe(text);
    // Hidden, black, reversed, moved, titled.
    const hostile = '\u001b[8mh\u001b[30mb\u001b[7mr\u001b[2Jm\u001b]0;t\u0007';
    expect(safe(hostile)).not.toContain('\u001b');
    expect(createTerminal(false, { NO_COLOR: '1' }).safe(text)).not.toContain('\u001b');
  });

  test('shows no unseen character of a source in a question', async () => {
    const space = workspace([], {
      source: { type: 'dynamic', code: 'export function* enumerate() { yield 1; }' },
      name: HOSTILE,
    });
    const run = onTerminal(space, 'create', 'batch.yaml');
    await run.shows(/Allow it to be read\? \[y\/N\] /);
    run.type('y\r');
    expect(await run.ended).toBe(0);
    for (const raw of ['\u009b', '\u202e', '\u200b', '\ufeff', '\u001b]0;owned'])
      expect(run.screen()).not.toContain(raw);
    expect(run.text()).toContain('\\u202e');
  });
});
