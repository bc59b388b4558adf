import { execFileSync } from 'node:child_process';

/** The umask of this process, by a child that inherits it: to read it here would set it for a moment. */
export function umask(): number {
  return Number.parseInt(execFileSync('sh', ['-c', 'umask'], { encoding: 'utf8' }), 8);
}
