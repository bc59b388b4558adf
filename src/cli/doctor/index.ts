import { toAbpError } from '../../domain/error.ts';
import type { Exit } from '../exit-codes.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { claude } from './claude.ts';
import type { Check, Finding } from './finding.ts';
import { jobs } from './jobs.ts';
import { store } from './store.ts';
import { disk, platform, settings } from './system.ts';

/** All checks, in their order. */
const CHECKS: readonly Check[] = [platform, settings, store, disk, claude, jobs];

/** Runs all checks; a failed one means action required. */
export async function runChecks(session: Session): Promise<Exit> {
  // Nothing else works there.
  const checks = process.platform === 'win32' ? [platform] : CHECKS;
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await findingsOf(check, session)));
  const ok = findings.every(({ state }) => state !== 'fail');
  session.answer({ ok, findings }, findings.map((finding) => lineOf(finding, session)).join('\n'));
  return ok ? 'done' : 'person';
}

async function findingsOf({ about, look }: Check, session: Session): Promise<readonly Finding[]> {
  try {
    return await look(session);
  } catch (error) {
    const { message, hint } = toAbpError(error);
    return [{ about, state: 'fail', message, ...(hint === undefined ? {} : { fix: inCommands(hint) }) }];
  }
}

function lineOf({ about, state, message, fix }: Finding, { terminal: { colors } }: Session): string {
  const mark = { pass: colors.green('pass'), warn: colors.yellow('warn'), fail: colors.red('fail') }[state];
  const line = `${mark}  ${about.padEnd(12)}${printable(message)}`;
  const steps = fix?.split('\n') ?? [];
  return [line, ...steps.map((step) => `      ${' '.repeat(12)}${colors.dim(printable(step))}`)].join('\n');
}
