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

/** Path of the installed bin. */
export const ABP = installed().program('main');
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/mcp/${name}`, import.meta.url));
/** Arguments of a job that runs a program for each item, which only a person allows. */
export const PROGRAM = { worker: { type: 'command', command: ['sh', fixture('worker.sh')] } } as const;

/** Directory with a store and a source of a few text files; removed after the test. */
export interface Place {
  readonly root: string;
  readonly source: string;
  readonly environment: Record<string, string>;
  write(name: string, text: string): void;
  /** True when a Claude Code agent was started for a job here, with arguments that match. */
  agentRan(pattern?: RegExp): boolean;
  /** Runs when the place is no longer needed. */
  readonly onEnd: (end: () => unknown) => void;
}

/** Creates a place. The first file never waits for the hold, so that it can be the test unit. */
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
    // A project that is or contains the home directory is not accepted as the home of a job.
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

/** Opens a place's store in this process: cheaper than another server, and without a client. */
export function observe(place: Place, human: 'cli' | null = null): Pick<TestClient, 'ok'> & { readonly abp: Abp } {
  const abp = wire(place.environment);
  place.onEnd(() => abp.close());
  const call = { interface: 'cli' as const, workingDirectory: place.root, human, maxWaitMs: 45_000 };
  return { abp, ok: (tool, args = {}) => abp.orchestrator.callUnknown(tool, args, call) };
}

/** Calls by a person on another terminal. */
export function personAt(place: Place): Pick<TestClient, 'ok'> & { allow(jobId: string): Promise<void> } {
  const { abp, ok } = observe(place, 'cli');
  return { ok, allow: (jobId) => personAllowsJob(abp.orchestrator.deps, jobId) };
}

/** Arguments of create_job over a place's source, for an agent that only reads and needs no approval. */
export function jobOver({ source }: Place, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'count words',
    intent: 'Count the words.',
    source: { type: 'file', base_directory: source, pattern: '*.txt' },
    limits: { max_retries: 0, max_workers: 2 },
    ...more,
  };
}

/** Answer of a tool, the same for every client. */
export interface Answer {
  readonly isError: boolean;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by their fields in tests
  readonly structured: any;
}

/** Kinds of clients that the scenario runs with. */
export const CLIENTS = ['v2 auto', 'v2 legacy', 'v1'] as const;
export type ClientKind = (typeof CLIENTS)[number];

/** Handler of elicitations: receives one as the client does, returns its answer. */
export type OnElicitation = (request: ElicitedRequest) => Elicited | Promise<Elicited>;

/** Parts that a host shows: the message, and the description of each field. */
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
  /** Declares the capability and answers dialogs. */
  readonly onElicitation?: OnElicitation;
  readonly environment?: Record<string, string>;
}

/** A connected client over stdio; its server ends with the test. */
export interface TestClient {
  readonly kind: ClientKind;
  /** The SDK's client, for calls outside the scenario. */
  readonly client: Client;
  /** Protocol version; undefined for a v1 client. */
  era(): string | undefined;
  readonly pid: number;
  call(tool: string, args?: Record<string, unknown>, onProgress?: (message: unknown) => void): Promise<Answer>;
  /** Same, for calls that must succeed; returns the structured answer. */
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
  // Both generations of clients have the methods that the scenario uses.
  const client =
    kind === 'v1'
      ? (new ClientV1(info, { capabilities }) as unknown as Client)
      : new Client(info, { capabilities, versionNegotiation: { mode: kind === 'v2 auto' ? 'auto' : 'legacy' } });
  const { onElicitation } = options;
  if (onElicitation) await answerElicitations(kind, client, onElicitation);
  const transport = kind === 'v1' ? new StdioClientTransportV1(parameters) : new StdioClientTransport(parameters);
  await client.connect(transport);
  // A v1 client checks answers against output schemas only after it has listed them.
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
