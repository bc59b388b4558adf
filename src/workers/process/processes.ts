import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import type { ProcessIdentity } from '../../domain/lease.ts';
import { ATTEMPT_ID_VARIABLE } from '../../domain/rules/recursion.ts';
import { machineId } from './machine.ts';

/** A running process: its pid and process group. */
export interface ProcessInfo {
  readonly pid: number;
  readonly group: number;
}

/** System status of one process; `startedAt` is comparable only within one boot. */
interface ProcessStatus extends ProcessInfo {
  readonly startedAt: string;
  /** Stopped by SIGSTOP or a debugger. */
  readonly stopped: boolean;
  /** Ended but not reaped: holds no resources, and can be signalled forever if pid 1 does not reap. */
  readonly zombie: boolean;
}

const isLinux = process.platform === 'linux';

/** Identifies a process precisely enough that a reused pid is recognised. */
export function identify(pid: number): ProcessIdentity {
  return { machineId: machineId(), bootId: bootId(), pid, startedAt: statusOf(pid)?.startedAt ?? null };
}

/** Checks whether the same process still runs: machine, boot, pid and start time match. False if the record is incomplete. */
export function isStill(record: ProcessIdentity): boolean {
  if (isOfAnotherMachine(record)) return false;
  if (record.startedAt === null || record.bootId === null || record.bootId !== bootId()) return false;
  const status = statusOf(record.pid);
  return status !== null && !status.zombie && status.startedAt === record.startedAt;
}

/**
 * Checks whether the recorded process cannot be observed here: it is on another machine, or in another pid namespace of
 * this boot, such as a container. It may or may not be alive.
 */
export function isUnobservable(record: ProcessIdentity): boolean {
  if (isOfAnotherMachine(record)) return true;
  const [theirs, ours] = [record.bootId, bootId()];
  if (theirs === null || ours === null || theirs === ours) return false;
  return theirs.split(NAMESPACE)[0] === ours.split(NAMESPACE)[0];
}

/**
 * Tells whether a recorded process is certainly gone: another boot of this machine, no such pid, or another process
 * with its pid. Never true for another machine or container: there only the heartbeat decides.
 */
export function provablyDead(record: ProcessIdentity): boolean {
  if (isUnobservable(record)) return false;
  if (record.startedAt !== null && record.bootId !== null) return !isStill(record);
  try {
    process.kill(record.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function isOfAnotherMachine({ machineId: theirs }: ProcessIdentity): boolean {
  return theirs !== null && theirs !== machineId();
}

/** Running processes of this user with the attempt's id in their environment, in any group or session. */
export function processesOfAttempt(attemptId: string): readonly ProcessInfo[] {
  return findProcesses(attemptId, null).found;
}

/**
 * As processesOfAttempt, and whether one may have been missed: the environment of a process is empty for a moment
 * during exec. Skips processes that started before the `leader` of the attempt, which saves most of the work; null =
 * unknown leader.
 */
export function findProcesses(
  attemptId: string,
  leader: ProcessIdentity | null,
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
  // Repeats until no new process appears: one that ends while being examined may have started another.
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
 * Checks whether any process in the group of this leader runs, the leader or an orphan: the pid is not reused before
 * all of them are gone. A group of another user, or whose leader is another process by now, counts as gone.
 */
export function groupIsAlive({ pid, startedAt }: ProcessIdentity): boolean {
  try {
    process.kill(-pid, 0);
  } catch {
    return false;
  }
  if (startedAt !== null && (statusOf(pid)?.startedAt ?? startedAt) !== startedAt) return false;
  return !isLinux || allStatuses().some((status) => status.group === pid);
}

/**
 * Checks whether a shim, or every child of it, is stopped (SIGSTOP) and so cannot work. Always false on macOS, where
 * this is expensive to find out.
 */
export function isStopped(shim: number): boolean {
  if (!isLinux) return false;
  if (statusOf(shim)?.stopped) return true;
  const children = readProc(shim, `task/${shim}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  return children.length > 0 && children.every((pid) => statusOf(Number(pid))?.stopped === true);
}

/** Separates boot id and pid namespace. */
const NAMESPACE = ' ';

/** Id of the boot and pid namespace; null if unknown. */
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

/** Within so many ticks (100 per second) after a start, pids cannot have wrapped around; 32,768 is the smallest pid range. */
const NO_WRAP_TICKS = 100;

/**
 * Pids of all processes; if `first` started a moment ago, without those before it, since pids are assigned in order.
 */
function pidsSince(first: ProcessIdentity | null): readonly number[] {
  if (first === null || uptime() * 100 - Number(first.startedAt) > NO_WRAP_TICKS) return allPids();
  const last = lastPid();
  if (last === null) return allPids();
  const isSince = (pid: number) =>
    last < first.pid ? pid >= first.pid || pid <= last : pid >= first.pid && pid <= last;
  return allPids().filter(isSince);
}

/** The last assigned pid in this pid namespace, which ends the file. */
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

/** Parses /proc/PID/stat. The name in parentheses may contain anything, so fields are counted after the last one (proc(5)). */
function parseStat(pid: number, stat: string | null): ProcessStatus | null {
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = ''] = fields;
  const stopped = state === 'T' || state === 't';
  return { pid, group: Number(group), startedAt: fields[19] ?? '', stopped, zombie: state === 'Z' || state === 'X' };
}

/** Reads a file of /proc; null if the process has ended or belongs to another user. */
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

/** Lines printed by ps on macOS; none if no process matches (exit 1). */
function ps(args: readonly string[]): readonly string[] {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
