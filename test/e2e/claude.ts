import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Worker } from '../../src/ports/worker.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { type MessagesApi, type Script, startMessagesApi } from '../helpers/messages-api.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { binWithClaude, perform, workerWith } from '../helpers/worker.ts';

/** The real CLIs that are installed beside these tests, the current one first. */
export const CLIS = [
  { version: '2.1.330', program: cli('@anthropic-ai/claude-code') },
  { version: '2.1.197', program: cli('claude-code-older') },
] as const;

function cli(name: string): string {
  return fileURLToPath(new URL(`node_modules/${name}/bin/claude.exe`, import.meta.url));
}

/** A machine for real CLIs: a home of its own, nothing of the environment of whoever runs the tests, a loopback service. */
export interface Machine {
  readonly environment: Readonly<Record<string, string>>;
  readonly home: string;
  readonly api: MessagesApi;
}

/** Makes one with a CLI and a service that plays a script; both are gone after the test. */
export async function machine(program: string, script: Script): Promise<Machine> {
  const home = path.join(temporaryDirectory(), 'home');
  mkdirSync(home, { mode: 0o700 });
  const api = await startMessagesApi(script);
  onTestFinished(() => api.close());
  const environment = {
    PATH: `${binWithClaude(program)}:/usr/bin:/bin`,
    HOME: home,
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    ANTHROPIC_BASE_URL: api.url,
  };
  return { environment, home, api };
}

/** Writes Claude Code's settings file of the user of a machine. */
export function writeUserSettings({ home }: Machine, settings: JsonObject): void {
  mkdirSync(path.join(home, '.claude'), { recursive: true });
  writeFileSync(path.join(home, '.claude/settings.json'), JSON.stringify(settings));
}

/** What a unit was given and what became of it. */
export interface UnitRun {
  readonly worker: Worker;
  readonly assignment: Assignment;
  readonly outcome: Outcome;
  readonly api: MessagesApi;
}

/** Runs one unit with a real CLI. A script may need to know where the unit writes. */
export async function runUnit(
  program: string,
  script: (assignment: Assignment) => Script,
  {
    config = {},
    parts = {},
    settings = {},
  }: { readonly config?: JsonObject; readonly parts?: Partial<Assignment>; readonly settings?: JsonObject } = {},
): Promise<UnitRun> {
  let play: Script = () => ({ say: 'nobody has said what to do' });
  const place = await machine(program, (request, turn) => play(request, turn));
  const { environment, api } = place;
  writeUserSettings(place, settings);
  const { worker, assignment } = await workerWith({ type: 'claude', ...config }, { environment, ...parts });
  play = script(assignment);
  return { worker, assignment, outcome: await perform(worker, assignment), api };
}
