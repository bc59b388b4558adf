import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Run } from '../../ports/worker.ts';
import { readLines } from '../process/lines.ts';
import { configDirectory } from './environment.ts';
import { parseEvent } from './fields.ts';

/** Derives the session id (UUID) of an attempt, deterministically and before its start. */
export function sessionIdOf(attemptId: string): string {
  const hex = createHash('sha256').update(`abp session ${attemptId}`).digest('hex');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/**
 * Checks whether the CLI can resume a session: its transcript contains the task. An agent killed early leaves no
 * transcript, or one in which the CLI finds no conversation.
 */
export async function canContinue(sessionId: string, environment: Run['environment']): Promise<boolean> {
  const projects = path.join(configDirectory(environment), 'projects');
  if (!existsSync(projects)) return false;
  for (const project of readdirSync(projects)) {
    for await (const { text } of readLines(path.join(projects, project, `${sessionId}.jsonl`))) {
      if (parseEvent(text)?.type === 'user') return true;
    }
  }
  return false;
}

/** File in the run directory with the cost of the session when the run resumed it, US dollars. */
const RESUMED_FILE = 'resumed-at-usd';

/** Records the cost of a session when a run resumes it, because its result line may count it again. */
export function recordResumed(runDirectory: string, costUsd: number | undefined): void {
  if (costUsd !== undefined) writeFileSync(path.join(runDirectory, RESUMED_FILE), String(costUsd), { mode: 0o600 });
}

/** Reads the recorded cost; empty for a run in a new session or one of unknown cost. */
export function resumedAt(runDirectory: string): { readonly resumedAtUsd?: number } {
  const file = path.join(runDirectory, RESUMED_FILE);
  const costUsd = existsSync(file) ? Number.parseFloat(readFileSync(file, 'utf8')) : Number.NaN;
  return Number.isFinite(costUsd) ? { resumedAtUsd: costUsd } : {};
}
