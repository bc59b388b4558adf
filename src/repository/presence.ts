import { statSync } from 'node:fs';
import { AbpError } from '../domain/error.ts';
import { fileItself } from './file.ts';

/** Reads look this often whether their file is still there; writes look each time. A look is three stats, 6 µs. */
const LOOK_MS = 1000;

/** Knows whether the files of an open database are still those that its path names. */
export interface Presence {
  /** Throws AbpError `store_gone` when the file was moved or deleted: no process would see later writes. */
  check(): void;
  /** The same, at most once a second, and each time once it was found gone. */
  checkNowAndThen(): void;
}

/** Notes which files these are now. The log and its index count too: who opens the database next makes others. */
export function createPresence(path: string): Presence {
  const real = fileItself(path);
  const files = [path, `${real}-wal`, `${real}-shm`].map((file) => ({ file, was: identityOf(file) }));
  let lookedMs = performance.now();
  const check = () => {
    lookedMs = Number.NEGATIVE_INFINITY;
    for (const { file, was } of files) {
      if (was === null) continue;
      const now = identityOf(file);
      if (now !== was) throw gone(path, file, now === null ? 'removed' : 'replaced');
    }
    lookedMs = performance.now();
  };
  return {
    check,
    checkNowAndThen() {
      if (performance.now() - lookedMs >= LOOK_MS) check();
    },
  };
}

function identityOf(file: string): string | null {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function gone(path: string, file: string, what: 'removed' | 'replaced'): AbpError {
  return new AbpError('store_gone', `The store ${path} was ${what} while it was open (${file}). Nothing was written.`, {
    hint: 'Put the old file back, or end this program and start it again: it then opens what is there.',
  });
}
