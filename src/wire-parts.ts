import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { programPath } from './package-root.ts';
import type { Clock } from './ports/clock.ts';
import type { Workers } from './ports/worker.ts';
import { openStore, type Store, whenUnlocked } from './repository/index.ts';
import { createLauncher, type Launcher } from './supervision/launch.ts';
import { createLeaseObserver, type LeaseObserver } from './supervision/lease.ts';
import { createRecovery, type Recovery } from './supervision/recovery.ts';
import { type StorePaths, storePaths } from './supervision/store-paths.ts';
import { isGone, parseWorker, WORKER_TYPES } from './workers/index.ts';
import { provablyDead } from './workers/process/processes.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** All workers, by type. */
export const workers: Workers = { types: WORKER_TYPES, parse: parseWorker };

/** Opens the store at a path. Throws AbpError when it cannot be opened. */
export function openStoreAt(path: string, clock: Clock): Store {
  return openStore(path, clock, provablyDead, isGone);
}

/** Does the same while other processes open the store, one of which creates it: waits for its turn. */
export function openStoreInTurn(path: string, clock: Clock): Promise<Store> {
  return whenUnlocked(() => openStoreAt(path, clock));
}

/** What every program of ABP is composed of: an executor, and an interface, which adds its orchestrator. */
export interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly places: StorePaths;
  readonly launcher: Launcher;
  /** Recovers jobs whose executor died; long-lived programs run its watch, unless ABP_AUTO_RECOVER is off. */
  readonly recovery: Recovery;
}

/** Options of a program. */
export interface PartsOptions {
  /** Program of the executor; default that of this package. */
  readonly executorPath?: string | undefined;
  /** Shared with what else watches leases in this program. */
  readonly observer?: LeaseObserver;
  /** Job that its recovery leaves alone: the executor's own. */
  readonly except?: string;
}

/** Composes the parts over an open store. */
export function wireParts(config: Config, store: Store, environment: Environment, options: PartsOptions = {}): Parts {
  const { executorPath = programPath('executor/main'), observer = createLeaseObserver(systemClock), except } = options;
  const places = storePaths(config.storagePath);
  const shared = { repository: store.repository, clock: systemClock };
  const launcher = createLauncher({ ...shared, places, executorPath, environment });
  const { leaseMs } = config;
  const recovery = createRecovery({
    ...shared,
    launcher,
    leaseMs,
    observer,
    ...(except === undefined ? {} : { except }),
  });
  return { config, store, places, launcher, recovery };
}
