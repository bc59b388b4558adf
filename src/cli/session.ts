import { AbpError } from '../domain/error.ts';
import type { InputOf, OutputOf } from '../orchestrator/index.ts';
import type { Call } from '../orchestrator/operation.ts';
import type { OperationName } from '../orchestrator/operations.ts';
import { interrupted } from './exit-codes.ts';
import { documentInCommands, errorHint } from './hint-words.ts';
import type { CliHost, OpenAbp } from './host.ts';
import { createTerminal, printable, type Terminal, writeDocument } from './terminal.ts';

/** Options of a call. */
type CallOptions = Partial<Pick<Call, 'workingDirectory' | 'home' | 'signal' | 'onProgress' | 'batchFile'>>;

/** The context of one run of `abp`, given to every command. */
export interface Session {
  readonly host: CliHost;
  readonly terminal: Terminal;
  /** stdout is for one JSON document, everything else goes to stderr. */
  readonly json: boolean;
  /** The store, opened on the first call. */
  abp(): Promise<OpenAbp>;
  /** Opening does not create a missing store from now on: for commands that only read. */
  doNotCreateStore(): void;
  /** Calls an operation as the person at this terminal, without a limit on waiting. */
  call<Name extends OperationName>(name: Name, input: InputOf<Name>, options?: CallOptions): Promise<OutputOf<Name>>;
  /** Calls an operation that reads no store: it also works where the store cannot be opened. */
  callWithoutStore<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<OutputOf<Name>>;
  /** Completes a typed job id or its beginning. Throws AbpError `not_found` or `ambiguous`. */
  jobId(typed: string): Promise<string>;
  /**
   * Runs work that Ctrl-C stops in an orderly way, through the signal. Then throws AbpError `cancelled`, and the command ends
   * as interrupted.
   */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Prints a line for people. */
  say(text?: string): void;
  /** Prints the result of the command: the document with --json, else the text (absent: already printed). */
  answer(document: object, text?: string): void;
  /** Prints an error for people, on stderr. */
  reportError(error: AbpError): void;
  close(): void;
}

/** Creates a session on the store of the host's environment. */
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
    doNotCreateStore() {
      whenMissing = 'in_memory';
    },
    call: async (name, input, options = {}) => (await abp()).orchestrator.call(name, input, asPerson(options)),
    async callWithoutStore(name, input) {
      const { environment } = host;
      // A wrong setting of the store is no hindrance either.
      const names = Object.keys(environment).filter((key) => !key.startsWith('ABP_'));
      const open = await host.open(Object.fromEntries(names.map((key) => [key, environment[key]])), 'no_store');
      try {
        return await open.orchestrator.call(name, input, asPerson({}));
      } finally {
        open.close();
      }
    },
    async jobId(typed) {
      return (await self.call('find_job', { typed })).job_id;
    },
    async interruptible(work) {
      const stop = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const onSignal = () => {
        stop.abort();
        timer = setTimeout(endBySignal, CLEANUP_MS, self);
      };
      process.once('SIGINT', onSignal);
      try {
        return await work(stop.signal);
      } catch (cause) {
        throw stop.signal.aborted ? interrupted('Stopped with Ctrl-C.', cause) : cause;
      } finally {
        clearTimeout(timer);
        process.off('SIGINT', onSignal);
      }
    },
    say,
    answer(document, text) {
      if (json) writeDocument(documentInCommands(document));
      else if (text !== undefined) say(text);
    },
    reportError(error) {
      const hint = errorHint(error, terminal.interactive);
      process.stderr.write(`${colors.red('error:')} ${printable(error.message, true)}\n`);
      if (hint) process.stderr.write(`${colors.dim('hint:')} ${printable(hint, true)}\n`);
    },
    close() {
      // A store that could not be opened has been reported already.
      opened?.then(
        (open) => open.close(),
        () => undefined,
      );
    },
  };
  return self;
}

/** Time that stopped work has to undo what it stored. */
const CLEANUP_MS = 700;

/** Ends this process by the signal: a system call that hangs would delay any other exit. */
function endBySignal(session: Session): void {
  const hint = 'It was cut off: `abp recover`, or the next job that runs, removes what it had stored.';
  session.reportError(new AbpError('cancelled', 'Stopped with Ctrl-C.', { hint }));
  process.kill(process.pid, 'SIGINT');
}

/** Marks a call as one of a person at a terminal, who has decided it and waits for it. */
export function asPerson(options: CallOptions): Call {
  const workingDirectory = options.workingDirectory ?? process.cwd();
  const person = { interface: 'cli', human: 'cli', maxWaitMs: Number.POSITIVE_INFINITY } as const;
  return { ...person, workingDirectory, home: workingDirectory, ...options };
}

/** Describes an error for programs. */
export function errorDocument(error: AbpError): object {
  const { code, message, details } = error;
  return { code, message, hint: errorHint(error, false), details };
}
