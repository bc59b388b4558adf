import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioClientTransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { onTestFinished } from 'vitest';
import { type Abp, wire } from '../../../src/wire.ts';
import { personAllowsJob } from '../../helpers/approvals.ts';
import { installed } from '../../helpers/installation.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** The bin as it is installed. */
export const ABP = installed().program('main');
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/mcp/${name}`, import.meta.url));
/** What a job over a place needs to run a program for each item, which only a person allows. */
export const PROGRAM = { worker: { type: 'command', command: ['sh', fixture('worker.sh')] } } as const;

/** A place with a store and a source of a few text files; gone after the test. */
export interface Place {
  readonly root: string;
  readonly source: string;
  readonly environment: Record<string, string>;
  write(name: string, text: string): void;
  /** Whether a Claude Code agent was ever started for a job here, with arguments as these. */
  agentRan(pattern?: RegExp): boolean;
  /** Runs when the place is no longer needed. */
  readonly onEnd: (end: () => unknown) => void;
}

/** Makes one. The first file never waits for the hold, so that it can be the test unit. */
export function makePlace(
  texts: readonly string[] = ['FIRST one', 'two three', 'four', 'five six seven'],
  onEnd: Place['onEnd'] = atTestEnd,
): Place {
  const [root, home] = [temporaryDirectory('mcp', onEnd), temporaryDirectory('home', onEnd)];
  const source = join(root, 'source');
  for (const directory of [source, join(home, 'bin')]) mkdirSync(directory);
  symlinkSync(fixture('claude.sh'), join(home, 'bin', 'claude'));
  const write = (name: string, text: string) => writeFileSync(join(root, name), text);
  for (const [index, text] of texts.entries()) write(`source/${index}.txt`, text);
  const environment = {
    PATH: `${join(home, 'bin')}:${process.env.PATH ?? ''}`,
    ANTHROPIC_API_KEY: 'dummy',
    // A project that is, or holds, the home directory is no home of a job.
    HOME: home,
    CLAUDE_PROJECT_DIR: root,
    ABP_STORAGE_PATH: join(root, 'store', 'batch.db'),
  };
  const agents = join(home, 'bin', 'agents');
  const agentRan = (pattern = /./) => existsSync(agents) && pattern.test(readFileSync(agents, 'utf8'));
  return { root, source, environment, write, agentRan, onEnd };
}

function atTestEnd(end: () => unknown): void {
  onTestFinished(async () => {
    await end();
  });
}

/** A look at a place's store from this very process: cheaper than one more server, and nobody's client. */
export function observe(place: Place, human: 'cli' | null = null): Pick<TestClient, 'ok'> & { readonly abp: Abp } {
  const abp = wire(place.environment);
  place.onEnd(() => abp.close());
  const call = { workingDirectory: place.root, human, maxWaitMs: 45_000 };
  return { abp, ok: (tool, args = {}) => abp.orchestrator.callUnknown(tool, args, call) };
}

/** The person at a place, on another terminal. */
export function personAt(place: Place): Pick<TestClient, 'ok'> & { allow(jobId: string): Promise<void> } {
  const { abp, ok } = observe(place, 'cli');
  return { ok, allow: (jobId) => personAllowsJob(abp.orchestrator.deps, jobId) };
}

/** Arguments of create_job over a place's source, for an agent that reads and needs nobody's permission. */
export function jobOver({ source }: Place, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'count words',
    user_intent: 'Count the words.',
    enumerator_type: 'file',
    enumerator_config: { base_directory: source, pattern: '*.txt' },
    limits: { max_retries: 0, max_workers: 2 },
    ...more,
  };
}

/** What a tool answered, whichever client asked. */
export interface Answer {
  readonly isError: boolean;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by their fields in tests
  readonly structured: any;
}

/** The kinds of clients that the same scenario runs with. */
export const CLIENTS = ['v2 auto', 'v2 legacy', 'v1'] as const;
export type ClientKind = (typeof CLIENTS)[number];

/** An elicitation as the client sees it, and what it answers. */
export type OnElicitation = (request: ElicitedRequest) => Elicited | Promise<Elicited>;

/** What a host shows: the message, and what it says to each field. */
export interface ElicitedRequest {
  readonly message: string;
  readonly requestedSchema: {
    readonly properties: Readonly<Record<string, { readonly description?: string; readonly enum?: readonly string[] }>>;
  };
}

interface Elicited {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, string>;
}

export interface ClientOptions {
  /** Declares the capability and answers. */
  readonly onElicitation?: OnElicitation;
  readonly environment?: Record<string, string>;
}

/** A connected client over stdio; its server ends with the test. */
export interface TestClient {
  readonly kind: ClientKind;
  /** The real client, for what the scenario does not need. */
  readonly client: Client;
  /** That of the protocol; a v1 client knows of none. */
  era(): string | undefined;
  readonly pid: number;
  call(tool: string, args?: Record<string, unknown>, onProgress?: (message: unknown) => void): Promise<Answer>;
  /** The same, for calls that must succeed: the structured answer. */
  // biome-ignore lint/suspicious/noExplicitAny: see Answer
  ok(tool: string, args?: Record<string, unknown>): Promise<any>;
  close(): Promise<void>;
}

/** Starts `abp mcp` and connects a client of a kind to it. */
export async function connect(kind: ClientKind, place: Place, options: ClientOptions = {}): Promise<TestClient> {
  const parameters = {
    command: process.execPath,
    args: [ABP, 'mcp'],
    env: { ...place.environment, ...options.environment },
    cwd: place.root,
    stderr: 'inherit' as const,
  };
  const capabilities = options.onElicitation ? { elicitation: {} } : {};
  const info = { name: 'test', version: '1.0.0' };
  // The two generations of clients have the same methods where a scenario uses them.
  const client =
    kind === 'v1'
      ? (new ClientV1(info, { capabilities }) as unknown as Client)
      : new Client(info, { capabilities, versionNegotiation: { mode: kind === 'v2 auto' ? 'auto' : 'legacy' } });
  const { onElicitation } = options;
  if (onElicitation) await answerElicitations(kind, client, onElicitation);
  const transport = kind === 'v1' ? new StdioClientTransportV1(parameters) : new StdioClientTransport(parameters);
  await client.connect(transport);
  // A v1 client checks answers against the output schemas only once it has seen them.
  await client.listTools();
  place.onEnd(() => client.close());

  const call: TestClient['call'] = async (tool, args = {}, onProgress) => {
    const params = { name: tool, arguments: args };
    const requestOptions = onProgress ? { onprogress: onProgress } : {};
    const result = await (kind === 'v1'
      ? (client as unknown as ClientV1).callTool(params, undefined, requestOptions)
      : client.callTool(params, requestOptions));
    const content = result.content as readonly { readonly type: string; readonly text?: string }[];
    return {
      isError: result.isError === true,
      text: content.map(({ text = '' }) => text).join('\n'),
      structured: result.structuredContent,
    };
  };
  return {
    kind,
    client,
    era: () => (kind === 'v1' ? undefined : client.getProtocolEra()),
    pid: transport.pid ?? 0,
    call,
    async ok(tool, args) {
      const answer = await call(tool, args);
      if (answer.isError) throw new Error(`${tool}: ${answer.text}`);
      return answer.structured;
    },
    close: () => client.close(),
  };
}

async function answerElicitations(kind: ClientKind, client: Client, answer: OnElicitation): Promise<void> {
  if (kind !== 'v1') {
    client.setRequestHandler('elicitation/create', ({ params }) => answer(params as ElicitedRequest) as never);
    return;
  }
  const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
  (client as unknown as ClientV1).setRequestHandler(
    ElicitRequestSchema,
    ({ params }) => answer(params as unknown as ElicitedRequest) as never,
  );
}
