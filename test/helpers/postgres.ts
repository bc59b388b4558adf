import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** Folder of PostgreSQL's programs; null = not installed. */
function programs(): string | null {
  if (!existsSync(DEBIAN)) return null;
  const [newest] = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const directory = join(DEBIAN, String(newest), 'bin');
  return existsSync(join(directory, 'initdb')) ? directory : null;
}

/** Tells whether PostgreSQL is installed. */
export const hasPostgres = programs() !== null;

/** A test's own server, reached by a socket in its own directory: no port is used. */
export interface Postgres {
  /** Directory of its socket: the `host` of a connection string. */
  readonly host: string;
  stop(): void;
}

/** Starts a server; PostgreSQL does not run as root, so root starts it as the system's user for it. */
export function startPostgres(): Postgres {
  const bin = programs() ?? '';
  const directory = mkdtempSync(join(tmpdir(), 'abp-pg-'));
  const isRoot = process.getuid?.() === 0;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const as = isRoot ? { uid: id('-u'), gid: id('-g') } : {};
  if (isRoot) chownSync(directory, id('-u'), id('-g'));
  const data = join(directory, 'data');
  const run = (program: string, ...words: string[]) =>
    execFileSync(join(bin, program), words, { ...as, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  const settings = `-c listen_addresses='' -c unix_socket_directories='${directory}' -c fsync=off`;
  run('pg_ctl', 'start', '-w', '-D', data, '-l', join(directory, 'log'), '-o', settings);
  return {
    host: directory,
    stop() {
      run('pg_ctl', 'stop', '-m', 'immediate', '-D', data);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
