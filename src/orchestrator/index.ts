import type { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { didYouMean } from '../domain/nearest.ts';
import { parseWith } from '../domain/validate.ts';
import { createPromptSynthesizer } from '../prompt/synthesizer.ts';
import { dependenciesOf } from './call-dependencies.ts';
import type { Call, OrchestratorDeps } from './operation.ts';
import { type AnyOperation, OPERATIONS, type OperationName, operationsOn } from './operations.ts';
import { changes } from './queries/changes.ts';

type OperationOf<Name extends OperationName> = Extract<AnyOperation, { readonly name: Name }>;
export type InputOf<Name extends OperationName> = z.input<OperationOf<Name>['input']>;
export type OutputOf<Name extends OperationName> = z.input<OperationOf<Name>['output']>;

/** Creates jobs, answers queries, changes state; executes nothing. All that an interface reaches of the world. */
export interface Orchestrator {
  /**
   * Checks the input against the operation's schema and runs the operation, which the code of an interface has chosen: a
   * dialog, say, allows a job for the person who answered it. Throws AbpError; bad input changes nothing.
   */
  call<Name extends OperationName>(name: Name, input: InputOf<Name>, call: Call): Promise<OutputOf<Name>>;
  /** Same, for a name and input from outside. Throws `invalid_input` for what the calling interface does not show, too. */
  callUnknown(name: string, input: unknown, call: Call): Promise<Record<string, unknown>>;
  /** Yields when to look at the store again; see `changes`. */
  changes(signal: AbortSignal | undefined, pauseMs: () => number, restMs?: number): AsyncGenerator<void, void>;
}

/** An orchestrator with its dependencies, for the composition root. */
export interface ComposedOrchestrator extends Orchestrator {
  readonly deps: OrchestratorDeps;
}

/** Hint of an input error: tells that nothing was changed. */
const RETRY_HINT = 'Nothing was changed: correct the input and call again.';

/** Creates the orchestrator over its dependencies. */
export function createOrchestrator(
  options: Omit<OrchestratorDeps, 'promptSynthesizer' | 'refusals'> &
    Partial<Pick<OrchestratorDeps, 'promptSynthesizer'>>,
): ComposedOrchestrator {
  const deps: OrchestratorDeps = { promptSynthesizer: createPromptSynthesizer(), refusals: new Map(), ...options };
  const callUnknown = async (name: string, input: unknown, call: Call): Promise<Record<string, unknown>> => {
    const shown: readonly AnyOperation[] = operationsOn(call.interface);
    const found = shown.find((operation) => operation.name === name);
    if (found) return perform(found, input, call);
    const known = shown.map((operation) => operation.name);
    throw new AbpError('invalid_input', `Unknown operation ${JSON.stringify(name)}.${didYouMean(name, known)}`);
  };
  const perform = (found: AnyOperation, input: unknown, call: Call): Promise<Record<string, unknown>> => {
    const parsed = parseWith(found.input as z.ZodType, input ?? {}, 'arguments', RETRY_HINT);
    const run = found.run as (deps: OrchestratorDeps, input: unknown, call: Call) => Promise<Record<string, unknown>>;
    return run(dependenciesOf(deps, call), parsed, call);
  };
  return {
    deps,
    callUnknown,
    changes: (signal, pauseMs, restMs) => changes(deps, signal, pauseMs, restMs),
    call: async (name, input, call) => (await perform(operationNamed(name), input, call)) as OutputOf<typeof name>,
  };
}

function operationNamed(name: OperationName): AnyOperation {
  return OPERATIONS.find((operation) => operation.name === name) as AnyOperation;
}
