import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import type { SpawnRecord } from '../../ports/worker.ts';
import { machineId } from './machine.ts';

/** Name of the environment variable by which the processes of an attempt are found. */
export const ATTEMPT_ID_VARIABLE = 'ABP_ATTEMPT_ID';

/** A living process: its pid and its process group. */
export interface ProcessInfo {
  readonly pid: number;
  readonly group: number;
}

/** What the system says about one process; `startedAt` is comparable only within one boot. */
interface ProcessStatus extends ProcessInfo {
  readonly startedAt: string;
  /** By SIGSTOP or a debugger. */
  readonly stopped: boolean;
  /** Ended, but not yet reaped: it holds nothing and can be signalled for ever where pid 1 reaps nobody. */
  readonly zombie: boolean;
}

const isLinux = process.platform === 'linux';

/** Identifies a process so precisely that its number can be reused without harm. */
export function identify(pid: number): SpawnRecord {
  return { machineId: machineId(), bootId: bootId(), pid, startedAt: statusOf(pid)?.startedAt ?? null };
}

/** Whether that very process still lives: machine, boot, pid and start time agree. False where the record does not say enough. */
export function isStill(record: SpawnRecord): boolean {
  if (isOfAnotherMachine(record)) return false;
  if (record.startedAt === null || record.bootId === null || record.bootId !== bootId()) return false;
  const status = statusOf(record.pid);
  return status !== null && !status.zombie && status.startedAt === record.startedAt;
}

/**
 * Whether a record is of another machine, or of this boot but of another pid namespace, as a container has one: nothing can
 * be known here about a process of that number, neither that it lives nor that it is gone.
 */
export function isOutOfSight(record: SpawnRecord): boolean {
  if (isOfAnotherMachine(record)) return true;
  const [theirs, ours] = [record.bootId, bootId()];
  if (theirs === null || ours === null || theirs === ours) return false;
  return theirs.split(NAMESPACE)[0] === ours.split(NAMESPACE)[0];
}

function isOfAnotherMachine({ machineId: theirs }: SpawnRecord): boolean {
  return theirs !== null && theirs !== machineId();
}

/** Living processes of this user whose environment carries the attempt's random id, wherever they moved themselves. */
export function processesOfAttempt(attemptId: string): readonly ProcessInfo[] {
  return lookFor(attemptId, null).found;
}

/**
 * The same, with whether one may have been missed: the environment of a process that begins to run another program is empty
 * for a moment. Those that began before the `leader` of the attempt are strangers, which saves most of the work; null = it
 * is not known.
 */
export function lookFor(
  attemptId: string,
  leader: SpawnRecord | null,
): { readonly found: readonly ProcessInfo[]; readonly unsure: boolean } {
  const token = `${ATTEMPT_ID_VARIABLE}=${attemptId}`;
  if (!isLinux) {
    const found = ps(['-axEww', '-o', 'pid=,pgid=,command='])
      .filter((line) => line.split(' ').includes(token))
      .map((line) => line.trim().split(/\s+/, 2).map(Number))
      .map(([pid = 0, group = 0]) => ({ pid, group }));
    return { found, unsure: false };
  }
  const first = leader !== null && !isOfAnotherMachine(leader) && leader.bootId === bootId() ? leader : null;
  const since = Number(first?.startedAt ?? 0);
  const found: ProcessInfo[] = [];
  const seen = new Set<number>();
  let unsure = false;
  // Until there is no new one: what ends while it is looked at may have made another before.
  const unseen = () => pidsSince(first).filter((pid) => !seen.has(pid));
  for (let fresh = unseen(); fresh.length > 0; fresh = unseen()) {
    for (const pid of fresh) {
      seen.add(pid);
      const status = statusOf(pid);
      if (status === null || status.zombie || Number(status.startedAt) < since) continue;
      const environment = readProc(pid, 'environ');
      unsure ||= environment === '';
      if (environment?.split('\0').includes(token)) found.push(status);
    }
  }
  return { found, unsure };
}

/**
 * Whether anything in the process group of this leader lives, be it the leader or a process that it orphaned: nobody else gets its
 * number before all of it is gone. Another user's, or one whose leader is a stranger by now, counts as gone.
 */
export function groupIsAlive({ pid, startedAt }: SpawnRecord): boolean {
  try {
    process.kill(-pid, 0);
  } catch {
    return false;
  }
  if (startedAt !== null && (statusOf(pid)?.startedAt ?? startedAt) !== startedAt) return false;
  return !isLinux || allStatuses().some((status) => status.group === pid);
}

/**
 * Whether a shim, or all that it runs, is stopped (SIGSTOP): it cannot work or write. Where the system does not tell it
 * cheaply (macOS), nothing is.
 */
export function isStopped(shim: number): boolean {
  if (!isLinux) return false;
  if (statusOf(shim)?.stopped) return true;
  const children = readProc(shim, `task/${shim}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  return children.length > 0 && children.every((pid) => statusOf(Number(pid))?.stopped === true);
}

/** Stands before the pid namespace in a boot id. */
const NAMESPACE = ' ';

/** Changes with every boot, and differs in each pid namespace of one; null where the system does not tell. */
export function bootId(): string | null {
  cachedBootId ??= { value: readBootId() };
  return cachedBootId.value;
}

let cachedBootId: { readonly value: string | null } | undefined;

function readBootId(): string | null {
  try {
    if (isLinux) {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return boot + NAMESPACE + readlinkSync('/proc/self/ns/pid');
    }
    return execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** With fewer ticks (100 a second) since a start not all numbers were given out again; 32,768 are the fewest there are. */
const YOUNG_TICKS = 100;

/** Pids of all processes; without those that began before one of a moment ago, since numbers are given in turn. */
function pidsSince(first: SpawnRecord | null): readonly number[] {
  if (first === null || uptime() * 100 - Number(first.startedAt) > YOUNG_TICKS) return allPids();
  const last = lastPid();
  if (last === null) return allPids();
  const isSince = (pid: number) =>
    last < first.pid ? pid >= first.pid || pid <= last : pid >= first.pid && pid <= last;
  return allPids().filter(isSince);
}

/** The number that was given last, in this pid namespace; it stands at the end of the file. */
function lastPid(): number | null {
  const [, last] = /(\d+)\s*$/.exec(readIfThere('/proc/loadavg') ?? '') ?? [];
  return last === undefined ? null : Number(last);
}

function allPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function allStatuses(): readonly ProcessStatus[] {
  return allPids()
    .map(statusOf)
    .filter((status): status is ProcessStatus => status?.zombie === false);
}

function statusOf(pid: number): ProcessStatus | null {
  if (isLinux) return parseStat(pid, readProc(pid, 'stat'));
  const [line] = ps(['-p', String(pid), '-o', 'pgid=,stat=,lstart=']);
  const match = line?.match(/^\s*(\d+)\s+(\S+)\s+(.+?)\s*$/);
  if (!match) return null;
  const [, group = '', state = '', startedAt = ''] = match;
  return { pid, group: Number(group), startedAt, stopped: state.startsWith('T'), zombie: state.startsWith('Z') };
}

/** /proc/PID/stat: the name in parentheses may hold anything, so fields are counted behind the last one (proc(5)). */
function parseStat(pid: number, stat: string | null): ProcessStatus | null {
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = ''] = fields;
  const stopped = state === 'T' || state === 't';
  return { pid, group: Number(group), startedAt: fields[19] ?? '', stopped, zombie: state === 'Z' || state === 'X' };
}

/** A file of /proc; null when the process has ended or belongs to somebody else. */
function readProc(pid: number, file: 'stat' | 'environ' | `task/${number}/children`): string | null {
  return readIfThere(`/proc/${pid}/${file}`);
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Lines of ps on macOS; none when it finds no process (exit 1). */
function ps(args: readonly string[]): readonly string[] {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
