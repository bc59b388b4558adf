import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { readConfig, VARIABLES } from '../../config.ts';
import { didYouMean } from '../../domain/nearest.ts';
import { bytes } from '../format.ts';
import type { Check } from './finding.ts';

const WARN_BELOW = 2e9;
const FAIL_BELOW = 200e6;
/** Set by ABP itself, for what it starts. */
const OWN_NAMES = ['ABP_ATTEMPT_ID', 'ABP_JOB_ID', 'ABP_UNIT', 'ABP_ATTEMPT', 'ABP_OUTPUT_DIR'];

/** What this program runs on. */
export const platform: Check = {
  about: 'Platform',
  look: ({ host }) => {
    const message = `ABP ${host.version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
    if (process.platform !== 'win32') return [{ about: 'Platform', state: 'pass', message }];
    const fix = 'Install and use it inside WSL: https://aka.ms/wsl';
    return [{ about: 'Platform', state: 'fail', message: `${message}: ABP needs Linux or macOS.`, fix }];
  },
};

/** The ABP_* variables of the environment. */
export const settings: Check = {
  about: 'Settings',
  look: ({ host: { environment } }) => {
    const config = readConfig(environment);
    const known = Object.values(VARIABLES).map(({ name }) => name as string);
    const given = Object.keys(environment).filter((name) => name.startsWith('ABP_'));
    const unknown = given.filter((name) => !known.includes(name) && !OWN_NAMES.includes(name));
    return [
      {
        about: 'Settings',
        state: 'pass',
        message: `${config.maxWorkers} slots a job, ${config.maxTotalWorkers} in all, ${config.maxRetries} retries`,
      },
      ...unknown.map((name) => ({
        about: 'Settings',
        state: 'warn' as const,
        message: `${name} is no setting of ABP.${didYouMean(name, known)}`,
        fix: `unset ${name}`,
      })),
      ...(environment.ABP_ATTEMPT_ID
        ? [
            {
              about: 'Settings',
              state: 'warn' as const,
              message: 'This shell was started by an agent that ABP runs: no job can be made or started from it.',
              fix: 'Use another terminal.',
            },
          ]
        : []),
    ];
  },
};

/** Room where the store is. */
export const disk: Check = {
  about: 'Disk',
  look: ({ host }) => {
    let folder = dirname(readConfig(host.environment).storagePath);
    while (!existsSync(folder)) folder = dirname(folder);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const message = `${bytes(free)} free at ${folder}`;
    if (free >= WARN_BELOW) return [{ about: 'Disk', state: 'pass', message }];
    const fix = 'Make room; `abp prune --older-than 7d` frees what ended long ago.';
    return [{ about: 'Disk', state: free >= FAIL_BELOW ? 'warn' : 'fail', message, fix }];
  },
};
