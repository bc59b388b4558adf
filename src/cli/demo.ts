import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { OUTPUTS_FOLDER } from '../config.ts';
import { AbpError, toAbpError } from '../domain/error.ts';
import { packageRoot } from '../package-root.ts';
import { confirm } from './confirm.ts';
import type { Exit } from './exit-codes.ts';
import { outputDocument, printOutput } from './job/output-text.ts';
import { createFromBatch, prepare } from './job/run-batch.ts';
import { runWithDecisions } from './job/run-with-decisions.ts';
import type { Status } from './job/status-text.ts';
import { createSession, type Session } from './session.ts';

/** Folder of the demo's store, apart from the user's own. */
const DEMO_FOLDER = '.abp-demo';
const CLAUDE = '{ type: claude, model: haiku }';

/** Runs examples/documents through the code of `abp run`; the exit is `internal` unless every unit is accounted for. */
export async function runDemo(session: Session, offline: boolean): Promise<Exit> {
  const { environment } = session.host;
  const storagePath = environment.ABP_STORAGE_PATH?.trim() || resolve(DEMO_FOLDER, 'batch.db');
  const host = { ...session.host, environment: { ...environment, ABP_STORAGE_PATH: storagePath } };
  const own = createSession(host, session.json);
  try {
    const { config } = await own.abp();
    return await demonstrate(own, join(dirname(config.storagePath), OUTPUTS_FOLDER, 'documents.csv'), offline);
  } finally {
    own.close();
  }
}

async function demonstrate(session: Session, output: string, offline: boolean): Promise<Exit> {
  const { say } = session;
  const file = batchFile();
  say(`ABP demo: one unit for each document in ${join(dirname(file), 'input')}.`);
  const claude = !offline && (await wantsClaude(session));
  if (!claude) {
    say('Using the OFFLINE worker: a small program that reads and measures each document. No model, no cost.');
  }
  const batch = await prepare(session, file, { set: claude ? [`worker=${CLAUDE}`] : [], output, force: true });
  const { job_id } = await createFromBatch(session, batch, { yes: true });
  await showDashboard(session, job_id);
  // The offline worker costs nothing: its test is shown and approved without a question.
  const exit = await runWithDecisions(session, job_id, { yes: !claude, skipTest: false, detach: false });
  const status = await session.call('get_job_status', { job_id });
  if (exit !== 'done' && exit !== 'failed') {
    session.answer(status);
    return exit;
  }
  printOutput(session, status);
  say(`Database: ${(await session.abp()).config.storagePath}`);
  say(`Show it again: ${demoCommand(session, `status ${job_id}`)}`);
  await showDashboard(session, job_id);
  const complete = isComplete(status) && status.output.rows === status.units.total;
  say(complete ? `All ${status.units.total} units are accounted for.` : 'Not every unit is accounted for.');
  session.answer({ ...status, ...outputDocument(status), all_units_accounted_for: complete });
  return complete ? exit : 'internal';
}

/**
 * Prints the address of the job on the dashboard, whose server outlives the demo. A link that signs in is only printed on a
 * terminal.
 */
async function showDashboard(session: Session, jobId: string): Promise<void> {
  const { environment, interfaces } = session.host;
  const path = `/jobs/${jobId}`;
  try {
    const dashboard = await interfaces.dashboard(environment);
    const link = session.terminal.interactive
      ? await dashboard.signInLink(path)
      : `${(await dashboard.start()).url}${path} (to sign in: ${demoCommand(session, 'serve --link')})`;
    session.say(`Dashboard: ${link}`);
    session.say(`  to stop it: ${demoCommand(session, 'serve --stop')}`);
  } catch (error) {
    session.say(`No dashboard: ${toAbpError(error).message}`);
  }
}

/** The command line that runs this program on the demo's store. */
function demoCommand({ host }: Session, command: string): string {
  const program = relative(process.cwd(), process.argv[1] ?? 'dist/main.js');
  return `ABP_STORAGE_PATH=${host.environment.ABP_STORAGE_PATH} node ${program} ${command}`;
}

/** Asks whether to use Claude Code, if it can be used here; false without a terminal. */
async function wantsClaude(session: Session): Promise<boolean> {
  const { call, say, terminal } = session;
  if (!terminal.interactive) return false;
  try {
    await call('check_worker', { worker: { type: 'claude' } });
  } catch (error) {
    say(`Claude Code cannot be used here: ${toAbpError(error).message}`);
    return false;
  }
  return confirm(session, 'Use Claude Code (haiku)? It costs money: one small agent for each document.', false);
}

/** Whether all units have ended: total = completed + failed + skipped + cancelled. */
function isComplete({ units }: Status): boolean {
  const { total, completed, failed, skipped, cancelled, running, pending } = units;
  return total > 0 && running + pending === 0 && completed + failed + skipped + cancelled === total;
}

/** The path of the demo's batch file, which is only in a clone of the repository. */
function batchFile(): string {
  const file = join(packageRoot(), 'examples', 'documents', 'batch.yaml');
  if (existsSync(file)) return file;
  throw new AbpError('environment', 'This installation of ABP does not contain the examples.', {
    hint: 'Clone the repository, then: npm ci && npm run demo',
  });
}
