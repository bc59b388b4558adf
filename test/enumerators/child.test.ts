import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ChildProgram } from '../../src/enumerators/reading/child.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { isAlive } from '../helpers/processes.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** Says its process id, then does what follows. */
const program = (then: string) => `
  import { writeSync } from 'node:fs';
  writeSync(3, process.pid + '\\n');
  ${then}`;

/** Another process that reads a child's lines and writes them to its stdout. */
function readerOf(child: Pick<ChildProgram, 'program'>) {
  const rest = {
    input: {},
    flags: [],
    environment: {},
    workingDirectory: temporaryDirectory(),
    limits: { timeMs: null, memoryBytes: null, outputBytes: null, cpuSeconds: 60 },
  };
  const url = new URL('../../src/enumerators/reading/child.ts', import.meta.url);
  const code = `
    import { childLines } from ${JSON.stringify(url.href)};
    for await (const lines of childLines(${JSON.stringify({ ...rest, ...child })})) console.log(lines.join('\\n'));
    console.log('end');`;
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const reader = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: [...stdio] });
  onTestFinished(() => void reader.kill('SIGKILL'));
  return reader;
}

describe('a child goes with its reader, however that dies', () => {
  test.each([
    ['spins', 'for (;;);'],
    ['waits', 'setInterval(() => {}, 1000);'],
  ])('one that %s', async (_, then) => {
    const reader = readerOf({ program: program(then) });
    const [said] = (await once(reader.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
    expect(isAlive(pid)).toBe(true);
    reader.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), PATIENCE);
  });
});

test('a reader is done when its child is', async () => {
  const reader = readerOf({ program: program('') });
  let said = '';
  reader.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  expect(await once(reader, 'close')).toEqual([0, null]);
  expect(said).toMatch(/^\d+\n+end\n$/);
});
