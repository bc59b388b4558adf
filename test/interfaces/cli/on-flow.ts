import { join } from 'node:path';
import type { OpenAbp } from '../../../src/cli/host.ts';
import { systemClock } from '../../../src/clock.ts';
import { readConfig } from '../../../src/config.ts';
import { createLeaseObserver } from '../../../src/supervision/lease.ts';
import { createRecovery } from '../../../src/supervision/recovery.ts';
import type { Flow } from '../../helpers/flow.ts';
import { type Ran, runHere } from './abp.ts';

/** A job in some state, and `abp` beside it. */
export interface Space {
  readonly f: Flow;
  readonly jobId: string;
}

/** Runs `abp` without a terminal on the store of a flow, whose executors go on meanwhile and whose agents end. */
export async function abp({ f }: Space, ...args: readonly string[]): Promise<Ran> {
  const { deps } = f.orchestrator;
  const { repository } = f.store;
  const environment = { ABP_STORAGE_PATH: join(f.directory, 'batch.db'), HOME: f.directory };
  const observer = createLeaseObserver(systemClock);
  const opened: OpenAbp = {
    config: readConfig(environment),
    orchestrator: f.orchestrator,
    recovery: createRecovery({ repository, launcher: deps.launcher, observer, clock: systemClock, leaseMs: 15_000 }),
    close() {},
  };
  const follows = args.some((arg) => ['watch', '--watch', 'start'].includes(arg));
  let over = false;
  const ticking = (async () => {
    while (!over) {
      // Whoever follows a job sees its agents end; others find them at work.
      if (follows) for (const unit of f.worker.running()) f.worker.finish(unit);
      await f.tick();
    }
  })();
  try {
    return await runHere(f.directory, environment, args, () => Promise.resolve(opened));
  } finally {
    over = true;
    await ticking;
  }
}

/** The same flow, with agents that are left as they are: for a look. */
export function still(f: Flow): Flow {
  return {
    ...f,
    tick: () => new Promise((resolve) => setTimeout(resolve, 1)),
    worker: { ...f.worker, running: () => [] },
  };
}

/** All that a command has said. */
export const said = ({ stdout, stderr }: Ran) => `${stdout}\n${stderr}`;
