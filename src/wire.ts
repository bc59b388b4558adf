import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { type ComposedOrchestrator, createOrchestrator } from './orchestrator/index.ts';
import { type Store, whenUnlocked } from './repository/index.ts';
import { type JobLog, openLog } from './supervision/log.ts';
import { openStoreAt, type Parts, wireParts, workers } from './wire-parts.ts';

/** Composed parts of ABP, for an interface. */
export interface Abp extends Parts {
  readonly orchestrator: ComposedOrchestrator;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Opens a log of this process beside the store, with these fields in each line. */
  openLog(name: string, fields: Readonly<Record<string, string>>): JobLog;
  close(): void;
}

/** Composes ABP while other processes open the store at the same time, one of which creates it: waits for its turn. */
export function wireInTurn(
  environment: Readonly<Record<string, string | undefined>>,
  whenMissing: WhenMissing = 'create',
): Promise<Abp> {
  return whenUnlocked(() => wire(environment, undefined, whenMissing));
}

/**
 * Handling of a missing store: `create` it, or use an empty one `in_memory` that leaves no file. `no_store` uses that even
 * where there is a store.
 */
export type WhenMissing = 'create' | 'in_memory' | 'no_store';

function openOrSubstitute(path: string, whenMissing: WhenMissing): Store {
  if (whenMissing === 'create' || (whenMissing === 'in_memory' && existsSync(path))) {
    return openStoreAt(path, systemClock);
  }
  const store = openStoreAt(':memory:', systemClock);
  // Its path determines the paths of runs, logs and outputs.
  return { ...store, repository: { ...store.repository, path } };
}

/**
 * The composition root of interfaces: configuration → parts, orchestrator. Executors are started from `executorPath`, by
 * default the one of this package. Throws AbpError when the store cannot be opened.
 */
export function wire(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  executorPath?: string,
  whenMissing: WhenMissing = 'create',
): Abp {
  const config = readConfig(environment);
  const store = openOrSubstitute(config.storagePath, whenMissing);
  const parts = wireParts(config, store, environment, { executorPath });
  const { maxWorkers, maxRetries, skipTest, leaseMs } = config;
  const orchestrator = createOrchestrator({
    ...store,
    workers,
    clock: systemClock,
    environment,
    launcher: parts.launcher,
    recovery: parts.recovery,
    places: parts.places,
    defaults: { maxWorkers, maxRetries, skipTest, leaseMs },
  });
  return {
    ...parts,
    orchestrator,
    environment,
    openLog: (name, fields) => openLog(join(dirname(config.storagePath), 'logs', name), fields),
    close: () => store.repository.close(),
  };
}
