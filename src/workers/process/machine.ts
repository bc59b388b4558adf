import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Facts from which a machine is identified. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  /** The trimmed text of a file; null if it cannot be read. */
  read(path: string): string | null;
  /** The output of a program; null if it cannot be run. */
  run(program: string, args: readonly string[]): string | null;
}

const ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
const IOREG = ['/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']] as const;

/**
 * Identifies a machine: the same text after each boot, a different one on every other machine and in every other
 * container. On Linux it combines machine-id and host name. Machine-id alone is not unique: containers of one image
 * share it (mostly empty), as clones of a virtual machine do. The host name alone is not either: many machines are
 * called `localhost`. A renamed machine counts as another one, which is the safe error: its records are then judged by
 * their heartbeat. On macOS the hardware UUID is unique, and the host name changes with the network. The result is a
 * hash, because machine-id(5) asks to keep the id itself confidential.
 */
export function nameMachine({ platform, hostname: name, read, run }: MachineFacts): string {
  const uuid = platform === 'darwin' ? run(...IOREG)?.match(/"IOPlatformUUID" = "([^"]+)"/)?.[1] : undefined;
  const facts = uuid === undefined ? [ID_FILES.map(read).find(Boolean) ?? '', name] : [uuid];
  return createHash('sha256')
    .update(JSON.stringify(['agentic-batch-processor', ...facts]))
    .digest('hex')
    .slice(0, 32);
}

/** The id of this machine; read on first use. */
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
