import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ATTEMPT_ID_VARIABLE, identify, lookFor } from '../../../src/workers/process/processes.ts';
import { PATIENCE } from '../../helpers/patience.ts';

const LAST = '/proc/sys/kernel/ns_last_pid';

function maySetLast(): boolean {
  try {
    accessSync(LAST, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!maySetLast())(
  'a look finds what began after its leader, also behind the highest number there is',
  async () => {
    const highest = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) - 1;
    writeFileSync(LAST, String(highest - 3));
    const script = 'for i in 1 2 3 4 5 6; do setsid sleep 60 & done; wait';
    const env = { ...process.env, [ATTEMPT_ID_VARIABLE]: 'behind-the-highest' };
    const { pid = 0 } = spawn('sh', ['-c', script], { env, detached: true, stdio: 'ignore' });
    const leader = identify(pid);
    const found = () => lookFor('behind-the-highest', leader).found.map((one) => one.pid);
    onTestFinished(() => {
      for (const one of lookFor('behind-the-highest', null).found) process.kill(one.pid, 'SIGKILL');
    });
    await vi.waitFor(() => expect(found()).toHaveLength(7), PATIENCE);
    expect(found()).toContain(pid);
    expect(lookFor('behind-the-highest', null).found.map((one) => one.pid)).toEqual(found());
  },
);
