import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

const PROBE = 'd=$(mktemp -d) && mount -t tmpfs -o size=1m none "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s';

/** Whether this user may mount a file system: root, outside of most containers. Tests that need it are skipped elsewhere. */
export const MAY_MOUNT = process.platform === 'linux' && spawnSync('sh', ['-c', PROBE]).status === 0;

/** A disk of its own of so many megabytes, in memory, unmounted after the test. */
export interface SmallDisk {
  readonly folder: string;
  /** Bytes that may still be written. */
  free(): number;
  /** Writes until nothing more fits, or until so many bytes are left. */
  fill(left?: number): void;
  /** Another way to the same files, on which nothing can be written. */
  readOnlyView(): string;
}

/** Makes one. */
export function smallDisk(megabytes: number): SmallDisk {
  const folder = join(temporaryDirectory('disk'), 'mounted');
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder]);
  // Lazily: a process that a test has started may still be ending.
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  const free = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  let fillers = 0;
  return {
    folder,
    free,
    fill(left = 0) {
      const fd = openSync(join(folder, `filler-${fillers++}`), 'w');
      try {
        while (free() > left) writeSync(fd, Buffer.alloc(Math.min(65_536, free() - left)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(fd);
      }
    },
    readOnlyView() {
      const view = join(temporaryDirectory('view'), 'mounted');
      mkdirSync(view);
      execFileSync('mount', ['--bind', folder, view]);
      onTestFinished(() => void execFileSync('umount', ['-l', view]));
      execFileSync('mount', ['-o', 'remount,ro,bind', view]);
      return view;
    },
  };
}
