import type { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { didYouMean } from '../domain/nearest.ts';
import { parseWith } from '../domain/validate.ts';
import { createPromptSynthesizer } from '../prompt/synthesizer.ts';
import { dependenciesOf } from './call-dependencies.ts';
import type { Call, OrchestratorDeps } from './operation.ts';
import { type AnyOperation, OPERATIONS, type OperationName } from './operations.ts';

type OperationOf<Name extends OperationName> = Extract<AnyOperation, { readonly name: Name }>;
export type InputOf<Name extends OperationName> = z.input<OperationOf<Name>['input']>;
export type OutputOf<Name extends OperationName> = z.input<OperationOf<Name>['output']>;

/** Creates jobs, answers queries, changes state; executes nothing. Every interface translates to `call`. */
export interface Orchestrator {
  readonly deps: OrchestratorDeps;
  /** Checks the input against the operation's schema and runs the operation. Throws AbpError; bad input changes nothing. */
  call<Name extends OperationName>(name: Name, input: InputOf<Name>, call: Call): Promise<OutputOf<Name>>;
  /** Same as `call`, for a name and input from outside. */
  callUnknown(name: string, input: unknown, call: Call): Promise<Record<string, unknown>>;
}

/** Hint of an input error: tells that nothing was changed. */
const RETRY_HINT = 'Nothing was changed: correct the input and call again.';

/** Creates the orchestrator over its dependencies. */
export function createOrchestrator(
  options: Omit<OrchestratorDeps, 'promptSynthesizer' | 'refusals'> &
    Partial<Pick<OrchestratorDeps, 'promptSynthesizer'>>,
): Orchestrator {
  const deps: OrchestratorDeps = { promptSynthesizer: createPromptSynthesizer(), refusals: new Map(), ...options };
  const callUnknown = async (name: string, input: unknown, call: Call): Promise<Record<string, unknown>> => {
    const found = OPERATIONS.find((operation) => operation.name === name);
    if (!found) {
      const known = OPERATIONS.map((operation) => operation.name);
      throw new AbpError('invalid_input', `Unknown operation ${JSON.stringify(name)}.${didYouMean(name, known)}`);
    }
    const parsed = parseWith(found.input as z.ZodType, input ?? {}, 'arguments', RETRY_HINT);
    const run = found.run as (deps: OrchestratorDeps, input: unknown, call: Call) => Promise<Record<string, unknown>>;
    return run(dependenciesOf(deps, call), parsed, call);
  };
  return {
    deps,
    callUnknown,
    call: (name, input, call) => callUnknown(name, input, call) as Promise<OutputOf<typeof name>>,
  };
}
