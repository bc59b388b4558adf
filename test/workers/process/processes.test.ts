import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ATTEMPT_ID_VARIABLE } from '../../../src/domain/rules/recursion.ts';
import { findProcesses, identify } from '../../../src/workers/process/processes.ts';
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
  'findProcesses finds processes started after the leader, also past the highest pid',
  async () => {
    const highest = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) - 1;
    writeFileSync(LAST, String(highest - 3));
    const script = 'for i in 1 2 3 4 5 6; do setsid sleep 60 & done; wait';
    const env = { ...process.env, [ATTEMPT_ID_VARIABLE]: 'behind-the-highest' };
    const { pid = 0 } = spawn('sh', ['-c', script], { env, detached: true, stdio: 'ignore' });
    const leader = identify(pid);
    const foundSince = (first: typeof leader | null) =>
      findProcesses('behind-the-highest', first)
        .found.map((one) => one.pid)
        .sort((a, b) => a - b);
    onTestFinished(() => {
      for (const one of foundSince(null)) process.kill(one, 'SIGKILL');
    });
    // All of them are looked at; then at once those since the leader, which is a moment old. A process has no environment for a
    // moment during exec: each of the six is a `sleep` first, which calls exec no more.
    const all = await vi.waitFor(() => {
      const sleeping = foundSince(null).filter((one) => readFileSync(`/proc/${one}/comm`, 'utf8') === 'sleep\n');
      expect(sleeping).toHaveLength(6);
      const pids = foundSince(null);
      expect(pids).toHaveLength(7);
      return pids;
    }, PATIENCE);
    expect(foundSince(leader)).toEqual(all);
  },
);
