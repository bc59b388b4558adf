import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readConfig } from '../../config.ts';
import { toAbpError } from '../../domain/error.ts';
import type { Repository } from '../../ports/repository.ts';
import { rescueCommands } from '../../repository/rescue.ts';
import { bytes, count } from '../format.ts';
import type { Check, Finding } from './finding.ts';

const about = 'Store';

/** The database: there, readable by its owner alone, sound. One that is not there yet is not made. */
export const store: Check = {
  about,
  look: async ({ abp, host }) => {
    const { storagePath } = readConfig(host.environment);
    if (!existsSync(storagePath)) return [roomFor(storagePath)];
    const permissions = permissionsOf(storagePath);
    if (permissions.some(({ state }) => state === 'fail')) return permissions;
    let repository: Repository;
    try {
      ({ repository } = (await abp()).orchestrator.deps);
    } catch (error) {
      return [failed(error, storagePath), ...permissions];
    }
    const damage = damageOf(repository);
    if (damage !== null) return [damage, ...permissions];
    const { bytes: size, freeBytes } = repository.maintenance.size();
    const { total } = repository.jobs.list({ limit: 1 });
    return [
      { about, state: 'pass', message: `${storagePath}, ${bytes(size)}, ${count(total, 'job')}` },
      ...permissions,
      ...(freeBytes > size / 2 && freeBytes > 50e6
        ? [
            {
              about,
              state: 'warn' as const,
              message: `${bytes(freeBytes)} of it are free`,
              fix: 'abp prune --older-than 30d',
            },
          ]
        : []),
    ];
  },
};

/** What is wrong inside the file, with the way out; null = nothing. */
function damageOf({ path, maintenance }: Repository): Finding | null {
  try {
    const found = maintenance.integrityCheck();
    return found === null ? null : { about, state: 'fail', message: `${path} is damaged: ${found}`, fix: rescue(path) };
  } catch (error) {
    return failed(error, path);
  }
}

function failed(error: unknown, path: string): Finding {
  const { code, message, hint } = toAbpError(error);
  const fix = code === 'store_damaged' ? rescue(path) : hint;
  return { about, state: 'fail', message, ...(fix ? { fix } : {}) };
}

/** The way out of damage. */
function rescue(path: string): string {
  return [
    'End all programs of ABP (abp serve --stop; hosts with an MCP server). Then, with the sqlite3 program:',
    ...rescueCommands(path),
    'Run abp doctor again. What the damaged pages held is lost; the old file stays beside as .damaged.',
    'Without sqlite3, or when its first page is lost: put a backup in its place. Until then abp export works for each job whose pages are sound.',
  ].join('\n');
}

/** Whether a store can be made where there is none. */
function roomFor(path: string): Finding {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { about, state: 'pass', message: `none yet; the first job makes ${path}` };
  } catch {
    const fix = `Make ${folder} writable, or set ABP_STORAGE_PATH to a file in a folder that is.`;
    return { about, state: 'fail', message: `${path} cannot be made by this user`, fix };
  }
}

function permissionsOf(path: string): Finding[] {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    const fix = `Make it yours: chown -R "$USER" ${dirname(path)}`;
    return [{ about, state: 'fail', message: `${path} cannot be read by this user`, fix }];
  }
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    const message = `${path} cannot be written here: jobs can be looked at and exported, not run`;
    if ((error as NodeJS.ErrnoException).code === 'EROFS') {
      return [{ about, state: 'warn', message, fix: 'Mount its file system writable, or set ABP_STORAGE_PATH.' }];
    }
    return [{ about, state: 'fail', message, fix: `Make it yours: chown -R "$USER" ${dirname(path)}` }];
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    return [{ about, state: 'warn', message: `${path} can be read by others`, fix: `chmod 600 ${path}` }];
  }
  return [];
}
