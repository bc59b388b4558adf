import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Flags that the worker requires in `--help`. */
const HELP = `Usage: claude [options] [prompt]

Options:
  --append-system-prompt <prompt>  Add text
  --model <model>                  Model
  --output-format <format>         Output format
  --permission-mode <mode>         Permission mode
  -p, --print                      Print response and exit
  -r, --resume [value]             Resume a conversation
  --session-id <uuid>              Use a specific session ID
  --settings <file-or-json>        Settings
  --strict-mcp-config              Only use MCP servers from --mcp-config
  --system-prompt <prompt>         System prompt
  --tools <tools...>               Built-in tools
`;

const MODEL = 'claude-opus-5-5';
const USAGE = { input_tokens: 1200, cache_creation_input_tokens: 300, cache_read_input_tokens: 900, output_tokens: 25 };

/**
 * Creates a `claude` in its own folder, to be put first in PATH: reads its prompt, prints a conversation of `events`
 * lines and exits. A shell script, so that ABP's reading is measured and not the start of a second Node.
 */
export function writeFakeClaude(directory: string, events: number): string {
  const folder = join(directory, 'fake-claude');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'help'), HELP);
  writeFileSync(join(folder, 'stream'), stream(events));
  const script = `#!/bin/sh
case "$1" in
  --version) echo '9.9.9 (Claude Code)' ;;
  --help) cat '${folder}/help' ;;
  auth) echo '{"loggedIn": true}' ;;
  *) cat >/dev/null; exec cat '${folder}/stream' ;;
esac
`;
  writeFileSync(join(folder, 'claude'), script);
  chmodSync(join(folder, 'claude'), 0o755);
  return folder;
}

function stream(events: number): string {
  const session_id = '00000000-0000-4000-8000-000000000000';
  const text = 'A sentence about the item, as long as agents write them while they work on it. '.repeat(4);
  const said = (n: number) => ({
    type: 'assistant',
    message: { id: `msg_${n}`, model: MODEL, role: 'assistant', content: [{ type: 'text', text }], usage: USAGE },
  });
  const result = {
    type: 'result',
    subtype: 'success',
    is_error: false,
    terminal_reason: 'completed',
    stop_reason: 'end_turn',
    api_error_status: null,
    num_turns: events - 2,
    total_cost_usd: 0.01,
    usage: USAGE,
    permission_denials: [],
    result: 'done',
  };
  const lines: object[] = [{ type: 'system', subtype: 'init', model: MODEL, tools: ['Read'] }];
  for (let n = 0; n < events - 2; n++) lines.push(said(n));
  return [...lines, result].map((line) => `${JSON.stringify({ ...line, session_id })}\n`).join('');
}
