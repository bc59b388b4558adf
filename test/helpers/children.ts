import { execFileSync } from 'node:child_process';
import { expect, vi } from 'vitest';
import { PATIENCE } from './patience.ts';

/** Returns the pids of this process's children that have not ended. */
function children(): readonly number[] {
  const found = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, program]) => Number(parent) === process.pid && program !== 'ps');
  return found.map(([pid]) => Number(pid));
}

/** A child that a test starts and watches, among children of other tests, which may end at any time. */
export function watchChild(): {
  /** Resolves when there is one more child than at the start. */
  readonly begun: () => Promise<void>;
  /** Resolves when that child is gone. */
  readonly gone: () => Promise<void>;
} {
  const before = new Set(children());
  let pid: number | undefined;
  return {
    begun: async () => {
      pid = await vi.waitFor(() => {
        const [found] = children().filter((child) => !before.has(child));
        expect(found).toBeDefined();
        return found;
      }, PATIENCE);
    },
    gone: async () => {
      expect(pid).toBeDefined();
      await vi.waitFor(() => expect(children()).not.toContain(pid), PATIENCE);
    },
  };
}
