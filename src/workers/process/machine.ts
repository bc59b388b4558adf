import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** What a machine says about itself. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  /** The trimmed text of a file; null where it cannot be read. */
  read(path: string): string | null;
  /** The output of a program; null where it cannot be run. */
  run(program: string, args: readonly string[]): string | null;
}

const ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
const IOREG = ['/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']] as const;

/**
 * Names a machine: the same text after each boot, another one on every other machine and in every other container.
 *
 * On Linux from machine-id and host name together. Machine-id alone is not enough: containers of one image share it (mostly
 * empty), as clones of a virtual machine do; a container has a host name of its own, and a clone without one is not
 * reachable. The host name alone is not enough either: many machines are called `localhost`. A machine that is renamed
 * counts as another one, which is the safe way to be wrong: its records are then judged by their heartbeat. On macOS the
 * hardware's UUID is unique, and the host name changes with the network.
 *
 * A hash, because machine-id(5) asks that the id itself is kept from others.
 */
export function nameMachine({ platform, hostname: name, read, run }: MachineFacts): string {
  const uuid = platform === 'darwin' ? run(...IOREG)?.match(/"IOPlatformUUID" = "([^"]+)"/)?.[1] : undefined;
  const facts = uuid === undefined ? [ID_FILES.map(read).find(Boolean) ?? '', name] : [uuid];
  return createHash('sha256')
    .update(JSON.stringify(['agentic-batch-processor', ...facts]))
    .digest('hex')
    .slice(0, 32);
}

/** The name of this machine; read once, when it is first asked for. */
export function machineId(): string {
  cached ??= nameMachine({ platform: process.platform, hostname: hostname(), read, run });
  return cached;
}

let cached: string | undefined;

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function run(program: string, args: readonly string[]): string | null {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}
