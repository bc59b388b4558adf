import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Logger, pino } from 'pino';
import { redact } from '../domain/redact.ts';

/** A log that passes this size is put aside once (`.1`): a job keeps at most twice that. */
const MAX_BYTES = 10 * 1024 * 1024;

/** The structured log of one job, or of a server. */
export interface JobLog {
  readonly logger: Logger;
  /** Puts a log that grew too large aside; called now and then. */
  rotate(): void;
}

/** Opens a log file, private to the user. Lines are JSON with `base` in each, secrets redacted. */
export function openLog(path: string, base: Readonly<Record<string, string>>): JobLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = destination({ dest: path, append: true, sync: true, mode: 0o600 });
  // A log that cannot be written (a full disk) is no reason to die.
  file.on('error', () => undefined);
  const logger = pino(
    {
      base: { ...base, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: (line) => redact(line, 'logs') },
    },
    file,
  );
  return {
    logger,
    rotate() {
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size !== undefined && size < MAX_BYTES) return;
      if (size !== undefined) renameSync(path, `${path}.1`);
      file.reopen();
    },
  };
}
