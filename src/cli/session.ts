import type { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import type { InputOf, OutputOf } from '../orchestrator/index.ts';
import type { Call } from '../orchestrator/operation.ts';
import type { OperationName } from '../orchestrator/operations.ts';
import type { AnyView, ViewName } from '../orchestrator/views/index.ts';
import { interrupted } from './exit-codes.ts';
import type { CliHost, OpenAbp } from './host.ts';
import { createTerminal, printable, type Terminal, writeDocument } from './terminal.ts';
import { inCommands } from './wording.ts';

type ViewOf<Name extends ViewName> = Extract<AnyView, { readonly name: Name }>;
export type OutputOfView<Name extends ViewName> = z.output<ViewOf<Name>['output']>;

/** What may be told with a call. */
type CallOptions = Partial<Pick<Call, 'workingDirectory' | 'home' | 'signal' | 'onProgress' | 'batchFile'>>;

/** One run of `abp`: what every command works with. */
export interface Session {
  readonly host: CliHost;
  readonly terminal: Terminal;
  /** stdout is for one JSON document, everything else goes to stderr. */
  readonly json: boolean;
  /** The open store; opened when it is first asked for. */
  abp(): Promise<OpenAbp>;
  /** From now on nothing is made by opening: for commands that only look. */
  leaveStore(): void;
  /** Calls an operation for the person at this terminal, who is patient. */
  call<Name extends OperationName>(name: Name, input: InputOf<Name>, options?: CallOptions): Promise<OutputOf<Name>>;
  /** The same for what only screens ask for. */
  view<Name extends ViewName>(name: Name, input: z.input<ViewOf<Name>['input']>): Promise<OutputOfView<Name>>;
  /** The id of the job that a person typed, whole or in part. */
  jobId(typed: string): Promise<string>;
  /**
   * Does what Ctrl-C shall not cut off in the middle, but stop: it gets the signal. Once stopped it throws AbpError
   * `cancelled`, and the command ends as interrupted.
   */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** A line for people. */
  say(text?: string): void;
  /** What the command was asked for: the document with --json, else the text (absent: all has been said). */
  answer(document: object, text?: string): void;
  /** What went wrong, for people. */
  complain(error: AbpError): void;
  close(): void;
}

/** Starts a session; the environment may be changed for a store of its own (the demo). */
export function createSession(host: CliHost, json: boolean): Session {
  const terminal = createTerminal(json, host.environment);
  const { human, colors } = terminal;
  let opened: Promise<OpenAbp> | undefined;
  let whenMissing: 'create' | 'in_memory' = 'create';
  const abp = () => {
    opened ??= host.open(host.environment, whenMissing);
    return opened;
  };
  const say = (text = '') => {
    human.write(`${terminal.safe(text)}\n`);
  };
  const self: Session = {
    host,
    terminal,
    json,
    abp,
    leaveStore() {
      whenMissing = 'in_memory';
    },
    call: async (name, input, options = {}) => (await abp()).orchestrator.call(name, input, asPerson(options)),
    async view<Name extends ViewName>(name: Name, input: z.input<ViewOf<Name>['input']>) {
      const { orchestrator } = await abp();
      return (await orchestrator.callUnknown(name, input, asPerson({}))) as OutputOfView<Name>;
    },
    async jobId(typed) {
      const { findJobId } = await import('../orchestrator/read-jobs.ts');
      return findJobId((await abp()).orchestrator.deps, typed);
    },
    async interruptible(work) {
      const stop = new AbortController();
      let leaving: NodeJS.Timeout | undefined;
      const onSignal = () => {
        stop.abort();
        leaving = setTimeout(dieOfIt, TIDY_MS, self);
      };
      process.once('SIGINT', onSignal);
      try {
        return await work(stop.signal);
      } catch (cause) {
        throw stop.signal.aborted ? interrupted('Stopped with Ctrl-C.', cause) : cause;
      } finally {
        clearTimeout(leaving);
        process.off('SIGINT', onSignal);
      }
    },
    say,
    answer(document, text) {
      if (json) writeDocument(document);
      else if (text !== undefined) say(text);
    },
    complain({ message, hint, details }) {
      const jobId = typeof details?.job_id === 'string' ? details.job_id : undefined;
      const line = (text: string) =>
        printable(inCommands(text, jobId, details?.person === true && !terminal.interactive), true);
      process.stderr.write(`${colors.red('error:')} ${line(message)}\n`);
      if (hint) process.stderr.write(`${colors.dim('hint:')} ${line(hint)}\n`);
    },
    close() {
      // A store that could not be opened has been complained about already.
      opened?.then(
        (open) => open.close(),
        () => undefined,
      );
    },
  };
  return self;
}

/** How long what was stopped may take to undo what it has done; whoever pressed Ctrl-C waits no longer. */
const TIDY_MS = 700;

/** Ends this process by the signal itself: what hangs in a call of the system would hold up any other end. */
function dieOfIt(session: Session): void {
  const hint = 'It was cut off: what it had stored is taken away by `abp recover`, or by the next job that runs.';
  session.complain(new AbpError('cancelled', 'Stopped with Ctrl-C.', { hint }));
  process.kill(process.pid, 'SIGINT');
}

/** Whoever types a command has decided it, and waits for it. */
export function asPerson(options: CallOptions): Call {
  const workingDirectory = options.workingDirectory ?? process.cwd();
  return { workingDirectory, home: workingDirectory, human: 'cli', maxWaitMs: Number.POSITIVE_INFINITY, ...options };
}

/** What went wrong, for programs. */
export function errorDocument({ code, message, hint, details }: AbpError): object {
  return { code, message, hint, details };
}
