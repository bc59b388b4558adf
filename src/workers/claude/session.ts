import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Assignment } from '../../ports/worker.ts';
import { readLines } from '../process/lines.ts';
import { configDirectory } from './environment.ts';
import { parseEvent } from './fields.ts';

/** The session id of an attempt, a UUID known before the start: the same attempt always has the same. */
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
 * Whether the CLI can go on with this session: its transcript has the task. One that was killed early has no transcript,
 * or one with other lines only, of which the CLI says that it finds no conversation.
 */
export async function canContinue(sessionId: string, environment: Assignment['environment']): Promise<boolean> {
  const projects = path.join(configDirectory(environment), 'projects');
  if (!existsSync(projects)) return false;
  for (const project of readdirSync(projects)) {
    for await (const { text } of readLines(path.join(projects, project, `${sessionId}.jsonl`))) {
      if (parseEvent(text)?.type === 'user') return true;
    }
  }
  return false;
}

/** Of a run that continues a session, in its run directory: what that had cost by then, US dollars. */
const RESUMED_FILE = 'resumed-at-usd';

/** Keeps what a session had cost when a run resumed it: its result line may count that again. */
export function noteResumed(runDirectory: string, costUsd: number | undefined): void {
  if (costUsd !== undefined) writeFileSync(path.join(runDirectory, RESUMED_FILE), String(costUsd), { mode: 0o600 });
}

/** What was kept; nothing for a run that began a session, or continued one whose cost nobody knows. */
export function resumedAt(runDirectory: string): { readonly resumedAtUsd?: number } {
  const file = path.join(runDirectory, RESUMED_FILE);
  const costUsd = existsSync(file) ? Number.parseFloat(readFileSync(file, 'utf8')) : Number.NaN;
  return Number.isFinite(costUsd) ? { resumedAtUsd: costUsd } : {};
}
