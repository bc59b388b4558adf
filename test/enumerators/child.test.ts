import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PATIENCE } from '../helpers/patience.ts';
import { isAlive } from '../helpers/processes.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** Starts another process that reads a child's lines and writes them to its stdout; the child writes its pid, then runs `then`. */
function readerOf(then: string) {
  const workingDirectory = temporaryDirectory();
  const program = join(workingDirectory, 'program.mjs');
  writeFileSync(program, `import { writeSync } from 'node:fs';\nwriteSync(3, process.pid + '\\n');\n${then}`);
  const child = {
    program,
    input: {},
    flags: [],
    environment: {},
    workingDirectory,
    limits: { timeMs: null, memoryBytes: null, outputBytes: null, cpuSeconds: 60 },
  };
  const url = new URL('../../src/enumerators/reading/child.ts', import.meta.url);
  const code = `
    import { childLines } from ${JSON.stringify(url.href)};
    for await (const lines of childLines(${JSON.stringify(child)})) console.log(lines.join('\\n'));
    console.log('end');`;
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const reader = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: [...stdio] });
  onTestFinished(() => void reader.kill('SIGKILL'));
  return reader;
}

describe('a child is killed when its reader dies', () => {
  test.each([
    ['computes', 'for (;;);'],
    ['waits', 'setInterval(() => {}, 1000);'],
  ])('while it %s', async (_, then) => {
    const reader = readerOf(then);
    const [said] = (await once(reader.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
    expect(isAlive(pid)).toBe(true);
    reader.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), PATIENCE);
  });
});

test('a reader ends when its child ends', async () => {
  const reader = readerOf('');
  let said = '';
  reader.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  expect(await once(reader, 'close')).toEqual([0, null]);
  expect(said).toMatch(/^\d+\n+end\n$/);
});
