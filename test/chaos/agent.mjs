#!/usr/bin/env node
/**
 * The worker of the chaos suite: writes the start and end of every run into a ledger and ends as the
 * round's seed says for this unit and attempt. Called as `claude` it replays a recording of the real CLI; as a command
 * worker it prints JSON. A run that finds another run of its unit alive says so in the ledger: that must never happen.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HELP = `Options:
  -p, --print                      Print
  --output-format <format>         Format
  --verbose                        Verbose
  --session-id <uuid>              Session
  --resume <id>                    Resume
  --tools <tools...>               Tools
  --allowedTools <tools...>        Allowed
  --disallowedTools <tools...>     Disallowed
  --settings <file>                Settings
  --permission-mode <mode>         Mode
  --strict-mcp-config              Strict
  --system-prompt <text>           System
  --append-system-prompt <text>    Append
  --add-dir <dirs...>              Directories
  --max-budget-usd <usd>           Budget
  --safe-mode                      Safe
`;
const asClaude = process.argv[1]?.endsWith('claude') === true;
if (process.argv.includes('--help')) process.exit(void process.stdout.write(HELP) ?? 0);
if (process.argv.includes('--version')) process.exit(void process.stdout.write('2.1.330 (Claude Code)\n') ?? 0);
if (asClaude && process.argv.includes('auth')) process.exit(void process.stdout.write('{"loggedIn":true}\n') ?? 0);

const { ABP_UNIT: unit, ABP_ATTEMPT: attempt, ABP_OUTPUT_DIR: output } = process.env;
// A program has an output directory of its own, and is told where the round is.
const directory = process.env.CHAOS_DIR ?? output;
// A step over all results has another one, and no mischief.
if (process.env.ABP_STEP === 'report') process.exit(void process.stdout.write('{}') ?? 0);
const { seed, recordings } = JSON.parse(readFileSync(join(directory, 'chaos.json'), 'utf8'));
const ledger = join(directory, 'ledger.jsonl');

/** Endings with their weight: what the agent does, and the recording that says so when it plays Claude. */
const ENDINGS = [
  { name: 'success', weight: 60 },
  { name: 'agent_error', weight: 6, exit: 1, recording: 'max-turns' },
  { name: 'rate_limited', weight: 6, exit: 75, recording: 'api-429' },
  { name: 'overloaded', weight: 3, exit: 75, recording: 'api-529' },
  { name: 'server_error', weight: 3, exit: 1, recording: 'api-500' },
  { name: 'cut', weight: 3, exit: 1, recording: 'api-cut' },
  { name: 'auth', weight: 2, exit: 1, recording: 'api-401' },
  { name: 'billing', weight: 1, exit: 1, recording: 'api-400c' },
  { name: 'model', weight: 1, exit: 1, recording: 'api-404' },
  { name: 'usage_limit', weight: 1, exit: 1, recording: 'api-429u' },
  { name: 'unit_budget', weight: 2, exit: 1, recording: 'max-budget' },
  { name: 'too_long', weight: 2, exit: 1, recording: 'api-400p' },
  { name: 'forbidden', weight: 2, exit: 1, recording: 'api-403' },
  { name: 'denied', weight: 3, exit: 1, recording: 'tool-denied' },
  { name: 'crash', weight: 4 },
  { name: 'hang', weight: 2 },
  { name: 'child', weight: 4 },
  { name: 'hex', weight: 3 },
  { name: 'large', weight: 2 },
  { name: 'odd', weight: 3 },
  { name: 'blank', weight: 3 },
  { name: 'deep', weight: 2 },
  { name: 'slow', weight: 2 },
  { name: 'flood', weight: 3, exit: 1, recording: 'api-500' },
];

/** A hex dump, on which a pattern for names of secrets may take quadratic time. */
const HEX_DUMP_BYTES = 600_000;
/** A little less than a result may have. */
const LARGE_BYTES = 8_000_000;
const FLOOD_BYTES = 2_000_000;

/** What poisonous agents say: texts that some pattern, parser or store takes long over, or takes badly. */
const SAYINGS = {
  hex: () => 'de-ad-be-ef-'.repeat(HEX_DUMP_BYTES / 12),
  large: () => 'lorem ipsum '.repeat(LARGE_BYTES / 12),
  odd: () => `NUL \0, half a pair \ud800, \u202egnitirw, \u2028, \x1b[2J, ${'"\\'.repeat(500)}`,
  blank: () => '\n'.repeat(300_000),
  deep: () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
};

function hash(text) {
  let value = 2_166_136_261;
  for (const char of text) value = Math.imul(value ^ char.charCodeAt(0), 16_777_619) >>> 0;
  return value / 4_294_967_296;
}

function choose() {
  // Nobody wants a round that never ends: from the fourth attempt on a unit behaves.
  if (Number(attempt) > 3) return ENDINGS[0];
  let left = hash(`${seed}:${unit}:${attempt}:ending`) * ENDINGS.reduce((sum, { weight }) => sum + weight, 0);
  for (const ending of ENDINGS) {
    left -= ending.weight;
    if (left < 0) return ending;
  }
  return ENDINGS[0];
}

/** One line is one write at the end of the file: the kernel's own lock. */
const write = (line) =>
  appendFileSync(
    ledger,
    `${JSON.stringify({ unit: Number(unit), attempt: Number(attempt), pid: process.pid, ...line })}\n`,
  );

/** Start time of a living process, null when it is gone: a pid alone may be somebody else's by now. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
}

function earlierRuns() {
  try {
    return readFileSync(ledger, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .filter((line) => line.unit === Number(unit) && line.event === 'start');
  } catch {
    return [];
  }
}

const ending = choose();
write({ event: 'start', started: startOf(process.pid), ending: ending.name });
for (const run of earlierRuns()) {
  if (run.pid !== process.pid && startOf(run.pid) !== null && startOf(run.pid) === run.started)
    write({ event: 'overlap', other: run.pid });
}
await sleep(20 + hash(`${seed}:${unit}:${attempt}:duration`) * 500);
if (ending.name === 'hang') await sleep(3_600_000);
if (ending.name === 'crash') process.kill(process.pid, 'SIGKILL');
if (ending.name === 'child') {
  const { spawn } = await import('node:child_process');
  spawn('/bin/sleep', ['3600'], { stdio: 'ignore' }).unref();
}
if (!asClaude) writeFileSync(join(output, `unit-${unit}.txt`), attempt);
write({ event: 'end', ending: ending.name });
if (ending.name === 'flood') process.stderr.write(`${'\0 de-ad '.repeat(FLOOD_BYTES / 8)}the last words`);
const saying = SAYINGS[ending.name]?.();
if (asClaude) {
  const text = readFileSync(join(recordings, `${ending.recording ?? 'success'}.ndjson`), 'utf8');
  process.stdout.write(saying === undefined ? text : saidInstead(text, saying));
} else if (ending.name === 'deep') {
  process.stdout.write(saying);
} else if (!ending.exit) {
  // The schema of some rounds has a pattern that is slow on this host.
  const host = ending.name === 'slow' ? { host: 'mail.example-shop.test.internal.example/info?x=1' } : {};
  process.stdout.write(JSON.stringify({ unit: Number(unit), attempt: Number(attempt), saying, ...host }));
}
process.exitCode = asClaude && ending.name === 'denied' ? 0 : (ending.exit ?? 0);

/** A recording of a success whose agent said something else, after a line of noise as long. */
function saidInstead(recording, words) {
  const lines = recording
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const events = lines.map((event) => JSON.stringify(event.type === 'result' ? { ...event, result: words } : event));
  return `${words.replaceAll('\n', ' ')}\n${events.join('\n')}\n`;
}
