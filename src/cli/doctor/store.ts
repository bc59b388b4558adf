import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readConfig } from '../../config.ts';
import { toAbpError } from '../../domain/error.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import { bytes, count } from '../format.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import type { Check, Finding } from './finding.ts';

const about = 'Store';

/** Checks that the database is readable by its owner alone and undamaged. Does not create a missing one. */
export const store: Check = {
  about,
  look: async (session) => {
    const { storagePath } = readConfig(session.host.environment);
    if (!existsSync(storagePath)) return [missingStore(storagePath)];
    const permissions = permissionsOf(storagePath);
    if (permissions.some(({ state }) => state === 'fail')) return permissions;
    let found: OutputOf<'check_store'>;
    try {
      found = await session.call('check_store', {});
    } catch (error) {
      return [await failed(session, error, storagePath), ...permissions];
    }
    const { damage, bytes: size, free_bytes: freeBytes, jobs } = found;
    if (damage !== null) {
      const message = `${storagePath} is damaged: ${damage}`;
      return [{ about, state: 'fail', message, fix: await rescue(session, storagePath) }, ...permissions];
    }
    return [
      { about, state: 'pass', message: `${storagePath}, ${bytes(size)}, ${count(jobs, 'job')}` },
      ...permissions,
      ...(freeBytes > size / 2 && freeBytes > 50e6
        ? [
            {
              about,
              state: 'warn' as const,
              message: `${bytes(freeBytes)} of it are unused`,
              fix: 'abp prune --older-than 30d',
            },
          ]
        : []),
    ];
  },
};

async function failed(session: Session, error: unknown, path: string): Promise<Finding> {
  const { code, message, hint } = toAbpError(error);
  const fix = code === 'store_damaged' ? await rescue(session, path) : inCommands(hint);
  return { about, state: 'fail', message, ...(fix ? { fix } : {}) };
}

/** The steps that save what can be read of a damaged store. */
async function rescue({ callWithoutStore }: Session, path: string): Promise<string> {
  return [
    'Stop all programs of ABP (abp serve --stop; hosts with an MCP server). Then, with the sqlite3 program:',
    ...(await callWithoutStore('rescue_steps', { path })).commands,
    'Run abp doctor again. The content of damaged pages is lost; the old file is kept beside it as .damaged.',
    'Without sqlite3, or when the first page is lost, restore a backup. Until then abp export works for each job whose pages are undamaged.',
  ].join('\n');
}

/** Checks that a missing store can be created. */
function missingStore(path: string): Finding {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { about, state: 'pass', message: `none yet; the first job creates ${path}` };
  } catch {
    const fix = `Make ${folder} writable, or set ABP_STORAGE_PATH to a file in a folder that is.`;
    return { about, state: 'fail', message: `${path} cannot be created by this user`, fix };
  }
}

function permissionsOf(path: string): Finding[] {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    const fix = `Take ownership: chown -R "$USER" ${dirname(path)}`;
    return [{ about, state: 'fail', message: `${path} cannot be read by this user`, fix }];
  }
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    const message = `${path} cannot be written by this user: jobs can be read and exported, but not run`;
    if ((error as NodeJS.ErrnoException).code === 'EROFS') {
      return [{ about, state: 'warn', message, fix: 'Mount its file system writable, or set ABP_STORAGE_PATH.' }];
    }
    return [{ about, state: 'fail', message, fix: `Take ownership: chown -R "$USER" ${dirname(path)}` }];
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    return [{ about, state: 'warn', message: `${path} can be read by others`, fix: `chmod 600 ${path}` }];
  }
  return [];
}
