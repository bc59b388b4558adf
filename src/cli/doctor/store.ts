import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readConfig } from '../../config.ts';
import { bytes, count } from '../format.ts';
import type { Check, Finding } from './finding.ts';

const about = 'Store';

/** The database: there, readable by its owner alone, sound. One that is not there yet is not made. */
export const store: Check = {
  about,
  look: async ({ abp, host }) => {
    const { storagePath } = readConfig(host.environment);
    if (!existsSync(storagePath)) {
      return [roomFor(storagePath)];
    }
    const permissions = permissionsOf(storagePath);
    if (permissions.some(({ state }) => state === 'fail')) return permissions;
    const { repository } = (await abp()).orchestrator.deps;
    const { bytes: size, freeBytes } = repository.maintenance.size();
    const { total } = repository.jobs.list({ limit: 1 });
    const faults = repository.maintenance.faults();
    return [
      { about, state: 'pass', message: `${storagePath}, ${bytes(size)}, ${count(total, 'job')}` },
      ...permissions,
      ...(faults === null
        ? []
        : [
            {
              about,
              state: 'fail' as const,
              message: `the file is damaged: ${faults}`,
              fix: `Stop all jobs, then save what can be read: sqlite3 ${storagePath} .recover | sqlite3 new.db`,
            },
          ]),
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
  const findings: Finding[] = [];
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch {
    const fix = `Make it yours: chown -R "$USER" ${dirname(path)}`;
    return [{ about, state: 'fail', message: `${path} cannot be written by this user`, fix }];
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    findings.push({ about, state: 'warn', message: `${path} can be read by others`, fix: `chmod 600 ${path}` });
  }
  return findings;
}
