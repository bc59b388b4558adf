import { asPerson, type Session } from '../../src/cli/session.ts';
import { createOrchestrator } from '../../src/orchestrator/index.ts';
import { parseWorker, WORKER_TYPES } from '../../src/workers/index.ts';

const workers = { types: WORKER_TYPES, parse: parseWorker };
const orchestrator = createOrchestrator({ workers } as unknown as Parameters<typeof createOrchestrator>[0]);

/** Calls an operation that reads no store, as the command line does. */
export const callWithoutStore: Session['call'] = (name, input, options = {}) =>
  orchestrator.call(name, input, asPerson(options));
