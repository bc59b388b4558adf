import { existsSync } from 'node:fs';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { createOrchestrator, type Orchestrator } from './orchestrator/index.ts';
import { type Store, whenUnlocked } from './repository/index.ts';
import { openStoreAt, type Parts, wireParts, workers } from './wire-parts.ts';

/** Composed parts of ABP, for an interface. */
export interface Abp extends Parts {
  readonly orchestrator: Orchestrator;
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
  if (whenMissing === 'create' || existsSync(path)) return openStoreAt(path, systemClock);
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
    places: parts.places,
    defaults: { maxWorkers, maxRetries, skipTest, leaseMs },
  });
  return { ...parts, orchestrator, close: () => store.repository.close() };
}
