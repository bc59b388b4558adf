import { existsSync } from 'node:fs';
import { systemClock } from './clock.ts';
import { type Config, readConfig } from './config.ts';
import { createOrchestrator, type Orchestrator } from './orchestrator/index.ts';
import { programPath } from './package-root.ts';
import type { Workers } from './ports/worker.ts';
import { openStore, type Store, whenUnlocked } from './repository/index.ts';
import { createLauncher, type Launcher } from './supervision/launch.ts';
import { createLeaseObserver, provablyDead } from './supervision/lease.ts';
import { createRecovery, type Recovery } from './supervision/recovery.ts';
import { type StorePaths, storePaths } from './supervision/store-paths.ts';
import { parseWorker, WORKER_TYPES } from './workers/index.ts';

/** Everything put together, for an interface. */
export interface Abp {
  readonly config: Config;
  readonly store: Store;
  readonly places: StorePaths;
  readonly launcher: Launcher;
  readonly orchestrator: Orchestrator;
  /** Looks after jobs whose executor died; long-lived interfaces let it watch, unless ABP_AUTO_RECOVER is off. */
  readonly recovery: Recovery;
  close(): void;
}

/** The same, when many processes open a store at once, of which one makes it: waits for its turn. */
export function wireInTurn(
  environment: Readonly<Record<string, string | undefined>>,
  making: Making = 'makes',
): Promise<Abp> {
  return whenUnlocked(() => wire(environment, undefined, making));
}

/** Whether a store that is not there yet is made, or only stood for by one in memory: nothing is left of that. */
export type Making = 'makes' | 'leaves';

function openFor(path: string, making: Making): Store {
  if (making === 'makes' || existsSync(path)) return openStore(path, systemClock, provablyDead);
  const store = openStore(':memory:', systemClock, provablyDead);
  // Where it would be decides what lies beside it.
  return { ...store, repository: { ...store.repository, path } };
}

/** The workers there are, by type. */
export const workers: Workers = { types: WORKER_TYPES, parse: parseWorker };

/**
 * The composition root: configuration → store, launcher, orchestrator. Executors are started from `executorPath`, by
 * default of this very package. Throws AbpError when the store cannot be opened.
 */
export function wire(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  executorPath: string = programPath('executor/main'),
  making: Making = 'makes',
): Abp {
  const config = readConfig(environment);
  const store = openFor(config.storagePath, making);
  const places = storePaths(config.storagePath);
  const shared = { repository: store.repository, clock: systemClock, environment };
  const launcher = createLauncher({ ...shared, places, executorPath });
  const { maxWorkers, maxRetries, skipTest, leaseMs } = config;
  const recovery = createRecovery({ ...shared, launcher, leaseMs, observer: createLeaseObserver(systemClock) });
  const orchestrator = createOrchestrator({
    ...shared,
    dispatcher: store.dispatcher,
    feed: store.feed,
    workers,
    launcher,
    places,
    defaults: { maxWorkers, maxRetries, skipTest, leaseMs },
  });
  return { config, store, places, launcher, orchestrator, recovery, close: () => store.repository.close() };
}
