import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc/PID/stat: fixed on Linux whatever the kernel's own is (USER_HZ, proc(5)). */
const TICKS = 100;

/** Resources used by a process, without its children. */
export interface Used {
  readonly cpuSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** High-water mark of its resident memory. */
  readonly peakMb: number;
  /** Resident now. */
  readonly nowMb: number;
}

/** Reads /proc; null if the process is gone. */
export function usedBy(pid: number): Used | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [userSeconds, systemSeconds] = [Number(fields[11]) / TICKS, Number(fields[12]) / TICKS];
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
    return {
      userSeconds,
      systemSeconds,
      cpuSeconds: userSeconds + systemSeconds,
      peakMb: kilobytes('VmHWM') / 1024,
      nowMb: kilobytes('VmRSS') / 1024,
    };
  } catch {
    return null;
  }
}

/** Polls a process until it is gone or the watch is ended; the last poll counts (at most 20 ms of CPU are missed). */
export function watch(pid: number, onLook?: (used: Used) => void): { end(): Used } {
  let last: Used | null = null;
  const look = () => {
    const used = usedBy(pid);
    if (used === null || Number.isNaN(used.peakMb)) return;
    last = used;
    onLook?.(used);
  };
  look();
  const timer = setInterval(look, 20);
  return {
    end() {
      clearInterval(timer);
      look();
      if (last === null) throw new Error(`Process ${pid} was gone before it could be looked at.`);
      return last;
    },
  };
}

/** Finds the child of a process whose command line contains `text`; null if there is none. */
export function childOf(pid: number, text: string): number | null {
  const isIt = (child: string) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  };
  const children = readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((child) => child !== '');
  const found = children.find(isIt);
  return found === undefined ? null : Number(found);
}
