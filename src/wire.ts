import { existsSync } from 'node:fs';
import { systemClock } from './clock.ts';
import { type Config, readConfig } from './config.ts';
import { createOrchestrator, type Orchestrator } from './orchestrator/index.ts';
import { programPath } from './package-root.ts';
import type { Workers } from './ports/worker.ts';
import { openStore, type Store, whenUnlocked } from './repository/index.ts';
import { createLauncher, type Launcher } from './supervision/launch.ts';
import { createLeaseObserver } from './supervision/lease.ts';
import { createRecovery, type Recovery } from './supervision/recovery.ts';
import { type StorePaths, storePaths } from './supervision/store-paths.ts';
import { isGone, parseWorker, WORKER_TYPES } from './workers/index.ts';
import { provablyDead } from './workers/process/processes.ts';

/** Composed parts of ABP, for an interface. */
export interface Abp {
  readonly config: Config;
  readonly store: Store;
  readonly places: StorePaths;
  readonly launcher: Launcher;
  readonly orchestrator: Orchestrator;
  /** Recovers jobs whose executor died; long-lived interfaces run its watch, unless ABP_AUTO_RECOVER is off. */
  readonly recovery: Recovery;
  close(): void;
}

/** Composes ABP while other processes open the store at the same time, one of which creates it: waits for its turn. */
export function wireInTurn(
  environment: Readonly<Record<string, string | undefined>>,
  whenMissing: WhenMissing = 'create',
): Promise<Abp> {
  return whenUnlocked(() => wire(environment, undefined, whenMissing));
}

/** Handling of a missing store: `create` it, or use an empty one `in_memory` that leaves no file. */
export type WhenMissing = 'create' | 'in_memory';

function openOrSubstitute(path: string, whenMissing: WhenMissing): Store {
  if (whenMissing === 'create' || existsSync(path)) return openStore(path, systemClock, provablyDead, isGone);
  const store = openStore(':memory:', systemClock, provablyDead, isGone);
  // Its path determines the paths of runs, logs and outputs.
  return { ...store, repository: { ...store.repository, path } };
}

/** All workers, by type. */
export const workers: Workers = { types: WORKER_TYPES, parse: parseWorker };

/**
 * The composition root: configuration → store, launcher, orchestrator. Executors are started from `executorPath`, by
 * default the one of this package. Throws AbpError when the store cannot be opened.
 */
export function wire(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  executorPath: string = programPath('executor/main'),
  whenMissing: WhenMissing = 'create',
): Abp {
  const config = readConfig(environment);
  const store = openOrSubstitute(config.storagePath, whenMissing);
  const places = storePaths(config.storagePath);
  const shared = { repository: store.repository, clock: systemClock, environment };
  const launcher = createLauncher({ ...shared, places, executorPath });
  const { maxWorkers, maxRetries, skipTest, leaseMs } = config;
  const recovery = createRecovery({ ...shared, launcher, leaseMs, observer: createLeaseObserver(systemClock) });
  const orchestrator = createOrchestrator({
    ...shared,
    feed: store.feed,
    workers,
    launcher,
    places,
    defaults: { maxWorkers, maxRetries, skipTest, leaseMs },
  });
  return { config, store, places, launcher, orchestrator, recovery, close: () => store.repository.close() };
}
