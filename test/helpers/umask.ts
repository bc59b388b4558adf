import { execFileSync } from 'node:child_process';

/** Returns the umask of this process, through a child that inherits it: reading it here would set it for a moment. */
export function umask(): number {
  return Number.parseInt(execFileSync('sh', ['-c', 'umask'], { encoding: 'utf8' }), 8);
}
