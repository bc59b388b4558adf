import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

const PROBE = 'd=$(mktemp -d) && mount -t tmpfs -o size=1m none "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s';

/**
 * Tells whether this user may mount a file system: root, outside of most containers. Tests that need it are skipped
 * elsewhere.
 */
export const MAY_MOUNT = process.platform === 'linux' && spawnSync('sh', ['-c', PROBE]).status === 0;

/** A disk of some megabytes in memory, unmounted after the test. */
export interface SmallDisk {
  readonly folder: string;
  /** Returns the free bytes. */
  free(): number;
  /** Fills the disk completely, or until `left` bytes are free. */
  fill(left?: number): void;
  /** A read-only mount of the same files. */
  readOnlyView(): string;
}

/** Creates a disk. */
export function smallDisk(megabytes: number): SmallDisk {
  const folder = join(temporaryDirectory('disk'), 'mounted');
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder]);
  // Lazy unmount: a process of the test may still be ending.
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
