import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { installed } from '../../helpers/installation.ts';
import {
  type ContentBlock,
  type MessagesRequest,
  type Reply,
  type Script,
  startMessagesApi,
} from '../../helpers/messages-api.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { binWithClaude } from '../../helpers/worker.ts';
import { CLIS } from '../claude.ts';
import { type Answer, type Move, parseAnswer, player } from './moves.ts';

const HOOK = fileURLToPath(new URL('elicitation-hook.mjs', import.meta.url));
const SERVER = 'mcp__abp__';

/** What the user does when a dialog comes up. */
export interface UserAnswer {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, string>;
}

/** One step of a conversation, as the host printed it. */
export type Step =
  | { readonly kind: 'says'; readonly text: string }
  | { readonly kind: 'calls'; readonly tool: string; readonly input: Record<string, unknown> }
  | { readonly kind: 'gets'; readonly text: string; readonly isError: boolean };

/** A whole conversation, with the dialogs that came up in it. */
export interface Conversation {
  readonly steps: readonly Step[];
  readonly dialogs: readonly { readonly message: string; readonly requested_schema: unknown }[];
  readonly root: string;
  readonly exitCode: number | undefined;
  /** The environment of our server: for another process that looks at the same store. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Real Claude Code as the host of our server: in a home of its own, its model and that of its workers played by two
 * services on loopback. Its user answers dialogs through Claude Code's own Elicitation hook.
 */
export async function converse(options: {
  readonly wish: string;
  readonly moves: readonly Move[];
  readonly worker: Script;
  readonly user?: UserAnswer;
  readonly prepare?: (root: string) => void;
}): Promise<Conversation> {
  const root = temporaryDirectory();
  for (const name of ['home', 'project']) mkdirSync(path.join(root, name), { mode: 0o700 });
  options.prepare?.(path.join(root, 'project'));
  const assistant = await startMessagesApi(play(options.moves));
  const workers = await startMessagesApi(options.worker);
  onTestFinished(() => Promise.all([assistant.close(), workers.close()]).then(() => undefined));
  const dialogs = path.join(root, 'dialogs.jsonl');
  writeFileSync(dialogs, '');
  const settings = {
    hooks: { Elicitation: [{ hooks: [hookCommand(dialogs, options.user ?? { action: 'cancel' })] }] },
  };
  const own = { ABP_STORAGE_PATH: path.join(root, 'store', 'batch.db'), ANTHROPIC_BASE_URL: workers.url };
  const mcp = {
    mcpServers: {
      abp: {
        command: process.execPath,
        args: [installed().program('main'), 'mcp'],
        // What a user would put here, and the service that plays the workers' model.
        env: own,
      },
    },
  };
  const { stdout, stderr, exitCode } = await execa(
    CLIS[0].program,
    [
      '-p',
      '--output-format',
      'stream-json',
      '--verbose',
      '--strict-mcp-config',
      '--mcp-config',
      JSON.stringify(mcp),
      '--settings',
      JSON.stringify(settings),
      '--allowedTools',
      `${SERVER}*`,
    ],
    {
      input: options.wish,
      cwd: path.join(root, 'project'),
      extendEnv: false,
      reject: false,
      env: {
        PATH: `${path.dirname(process.execPath)}:${binWithClaude(CLIS[0].program)}:/usr/bin:/bin`,
        HOME: path.join(root, 'home'),
        ANTHROPIC_API_KEY: 'sk-ant-dummy',
        ANTHROPIC_BASE_URL: assistant.url,
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        // How long it waits for the server's start.
        MCP_TIMEOUT: String(PATIENCE.timeout),
      },
    },
  );
  const steps = stepsOf(stdout);
  if (steps.length === 0) throw new Error(`Claude Code printed no conversation (exit ${exitCode}): ${stderr}`);
  const asked = readFileSync(dialogs, 'utf8').split('\n').filter(Boolean);
  return { steps, dialogs: asked.map((line) => JSON.parse(line)), root, exitCode, environment: own };
}

function hookCommand(file: string, answer: UserAnswer) {
  const words = [process.execPath, HOOK, file, JSON.stringify(answer)];
  return { type: 'command', command: words.map((word) => `'${word}'`).join(' ') };
}

/** Plays the assistant: one move for each request of the conversation, whatever else the host asks its model. */
export function play(moves: readonly Move[]): Script {
  const move = player(moves);
  return (request): Reply => {
    if (!request.body.tools?.some(({ name }) => name.startsWith(SERVER) || name === 'ToolSearch')) return { say: 'ok' };
    const { say, call } = move(answersOf(request));
    if (!call) return { say: say ?? '' };
    const [tool, input] = call;
    return { use: `${SERVER}${tool}`, input, ...(say === undefined ? {} : { say }) };
  };
}

/** What our tools have answered so far, newest first: as the model sees it. */
function answersOf({ body }: MessagesRequest): readonly Answer[] {
  const blocks = body.messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  return blocks
    .filter(({ type }) => type === 'tool_result')
    .map((block) => parseAnswer(textOf(block)))
    .reverse();
}

function textOf({ content }: ContentBlock): string {
  if (typeof content === 'string') return content;
  return (content as readonly ContentBlock[]).map(({ text = '' }) => text).join('\n');
}

/** The steps in the stream that the host printed. */
function stepsOf(stream: string): readonly Step[] {
  const messages = stream
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'assistant' || type === 'user');
  return messages.flatMap(({ message }): Step[] => {
    const content: readonly ContentBlock[] = typeof message.content === 'string' ? [] : message.content;
    return content.flatMap((block): Step[] => {
      if (block.type === 'text') return [{ kind: 'says', text: block.text ?? '' }];
      if (block.type === 'tool_use') {
        const tool = (block.name ?? '').replace(SERVER, '');
        return [{ kind: 'calls', tool, input: block.input as Record<string, unknown> }];
      }
      if (block.type === 'tool_result') {
        return [{ kind: 'gets', text: textOf(block), isError: block.is_error === true }];
      }
      return [];
    });
  });
}
