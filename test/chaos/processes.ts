import { readdirSync, readFileSync } from 'node:fs';

/** A living process of ours, with what tells whose it is. */
export interface Living {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
  readonly environment: readonly string[];
}

/**
 * Every living process whose command line or environment mentions a folder, or something in it: a round's own. One whose
 * name only begins the same (round-10 for round-1) is another. Linux only.
 */
export function processesMentioning(folder: string): readonly Living[] {
  const mentions = (text: string) =>
    text
      .split(folder)
      .slice(1)
      .some((after) => !/^[\w.-]/.test(after));
  const found: Living[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') continue;
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      if (mentions(command) || environment.some(mentions)) {
        found.push({ pid: Number(name), parent: Number(parent), group: Number(group), command, environment });
      }
    } catch {
      // It ended between two looks, or belongs to somebody else.
    }
  }
  return found;
}

/** A signal to one process that this round started; it may have ended meanwhile. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
