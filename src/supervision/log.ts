import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Logger, pino } from 'pino';
import { redact } from '../domain/redact.ts';

/** Size at which a log is renamed to `.1`: a job keeps at most twice that. */
const MAX_BYTES = 10 * 1024 * 1024;

/** Structured log of one job, or of a server. */
export interface JobLog {
  readonly logger: Logger;
  /** Rotates the log when it is too large, reopens it when it was deleted; called regularly. */
  rotate(): void;
}

/** Opens a log file with mode 0600. Lines are JSON with the fields of `base`; secrets are redacted. */
export function openLog(path: string, base: Readonly<Record<string, string>>): JobLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = destination({ dest: path, append: true, sync: true, mode: 0o600 });
  // A log that cannot be written (full disk) must not end the process.
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
