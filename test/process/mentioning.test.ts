import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { processesMentioning } from '../chaos/processes.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('a chaos round finds only its own processes, not those of a round with the same prefix', async () => {
  const root = temporaryDirectory('rounds');
  const start = (name: string, ...args: string[]) => {
    const child = spawn('sleep', ['600', ...args], {
      env: { PATH: process.env.PATH, STORE: join(root, name, 'batch.db') },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child.pid;
  };
  const [first, tenth, named] = [start('round-1'), start('round-10'), start('round-1.old')];
  const found = (name: string) => processesMentioning(join(root, name)).map(({ pid }) => pid);
  await vi.waitFor(() => {
    expect(found('round-1')).toEqual([first]);
    expect(found('round-10')).toEqual([tenth]);
    expect(found('round-1.old')).toEqual([named]);
  }, PATIENCE);
});
