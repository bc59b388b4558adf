import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { readConfig, VARIABLES } from '../../config.ts';
import { didYouMean } from '../../domain/nearest.ts';
import { bytes } from '../format.ts';
import type { Check } from './finding.ts';

const WARN_BELOW = 2e9;
const FAIL_BELOW = 200e6;
/** Variables that ABP sets for the programs it starts. */
const OWN_NAMES = ['ABP_ATTEMPT_ID', 'ABP_JOB_ID', 'ABP_UNIT', 'ABP_STEP', 'ABP_ATTEMPT', 'ABP_OUTPUT_DIR'];

/** Checks the platform; shows the versions. */
export const platform: Check = {
  about: 'Platform',
  look: ({ host }) => {
    const message = `ABP ${host.version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
    if (process.platform !== 'win32') return [{ about: 'Platform', state: 'pass', message }];
    const fix = 'Install and use it inside WSL: https://aka.ms/wsl';
    return [{ about: 'Platform', state: 'fail', message: `${message}: ABP needs Linux or macOS.`, fix }];
  },
};

/** Checks the ABP_* variables of the environment. */
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
        message: `${config.maxWorkers} slots per job, ${config.maxTotalWorkers} in total, ${config.maxRetries} retries`,
      },
      ...unknown.map((name) => ({
        about: 'Settings',
        state: 'warn' as const,
        message: `${name} is not a setting of ABP.${didYouMean(name, known)}`,
        fix: `unset ${name}`,
      })),
      ...(environment.ABP_ATTEMPT_ID
        ? [
            {
              about: 'Settings',
              state: 'warn' as const,
              message: 'This shell was started by an agent that ABP runs: it cannot create or start jobs.',
              fix: 'Use another terminal.',
            },
          ]
        : []),
    ];
  },
};

/** Checks the free space where the store is. */
export const disk: Check = {
  about: 'Disk',
  look: ({ host }) => {
    let folder = dirname(readConfig(host.environment).storagePath);
    while (!existsSync(folder)) folder = dirname(folder);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const message = `${bytes(free)} free at ${folder}`;
    if (free >= WARN_BELOW) return [{ about: 'Disk', state: 'pass', message }];
    const fix = 'Free disk space; `abp prune --older-than 7d` deletes the files of old jobs.';
    return [{ about: 'Disk', state: free >= FAIL_BELOW ? 'warn' : 'fail', message, fix }];
  },
};
