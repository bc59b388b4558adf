import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { AbpError, toAbpError } from '../domain/error.ts';
import { preflight } from '../orchestrator/settings.ts';
import { packageRoot } from '../package-root.ts';
import type { Exit } from './exit-codes.ts';
import { outputDocument, printOutput } from './job/output-text.ts';
import { createFrom, prepare } from './job/run-batch.ts';
import { runWithDecisions } from './job/run-with-decisions.ts';
import type { Status } from './job/status-text.ts';
import { createSession, type Session } from './session.ts';

/** Where a newcomer finds it again; not in the user's real store. */
const DEMO_FOLDER = '.abp-demo';
const CLAUDE = '{ type: claude, model: haiku }';

/**
 * The main job on real input, through the same code as `abp run`: the documents of examples/documents. Ends well only
 * when every unit is accounted for.
 */
export async function runDemo(session: Session, offline: boolean): Promise<Exit> {
  const { environment } = session.host;
  const storagePath = environment.ABP_STORAGE_PATH?.trim() || resolve(DEMO_FOLDER, 'batch.db');
  const host = { ...session.host, environment: { ...environment, ABP_STORAGE_PATH: storagePath } };
  const own = createSession(host, session.json);
  try {
    const { places } = await own.abp();
    return await demonstrate(own, join(places.allOutputs, 'documents.csv'), offline);
  } finally {
    own.close();
  }
}

async function demonstrate(session: Session, output: string, offline: boolean): Promise<Exit> {
  const { say } = session;
  const file = batchFile();
  say(`ABP demo: every document in ${join(dirname(file), 'input')} is read by a worker of its own.`);
  const claude = !offline && (await wantsClaude(session));
  if (!claude) {
    say('Using the OFFLINE worker: a small program that reads and measures each document. No model, no cost.');
  }
  const batch = await prepare(session, file, { set: claude ? [`worker=${CLAUDE}`] : [], output, force: true });
  const { job_id } = await createFrom(session, batch, { yes: true });
  await showDashboard(session, job_id);
  // Without a model there is nothing to be careful about: the test is shown, and approved for the person.
  const exit = await runWithDecisions(session, job_id, { yes: !claude, skipTest: false, detach: false });
  const status = await session.call('get_job_status', { job_id });
  if (exit !== 'done' && exit !== 'failed') {
    session.answer(status);
    return exit;
  }
  printOutput(session, status);
  say(`Database: ${(await session.abp()).config.storagePath}`);
  say(`Look again: ${again(session, `status ${job_id}`)}`);
  await showDashboard(session, job_id);
  const complete = isComplete(status) && status.output?.rows === status.units.total;
  say(complete ? `All ${status.units.total} units are accounted for.` : 'Not every unit is accounted for.');
  session.answer({ ...status, ...outputDocument(status), all_units_accounted_for: complete });
  return complete ? exit : 'internal';
}

/**
 * A page to look at the job on; its server outlives the demo. An address that signs in is good for two minutes, and only for
 * a person at a terminal: whoever else reads this is no person.
 */
async function showDashboard(session: Session, jobId: string): Promise<void> {
  const { environment, interfaces } = session.host;
  const path = `/jobs/${jobId}`;
  try {
    const dashboard = await interfaces.dashboard(environment);
    const link = session.terminal.interactive
      ? await dashboard.signInLink(path)
      : `${(await dashboard.start()).url}${path} (to sign in: ${again(session, 'serve --link')})`;
    session.say(`Dashboard: ${link}`);
    session.say(`  to end it: ${again(session, 'serve --stop')}`);
  } catch (error) {
    session.say(`No dashboard: ${toAbpError(error).message}`);
  }
}

/** How this very program is run again on the demo's store. */
function again({ host }: Session, command: string): string {
  const program = relative(process.cwd(), process.argv[1] ?? 'dist/main.js');
  return `ABP_STORAGE_PATH=${host.environment.ABP_STORAGE_PATH} node ${program} ${command}`;
}

/** Whether Claude Code can work here, and the person wants to pay for it. Never asks without a terminal. */
async function wantsClaude({ abp, say, terminal }: Session): Promise<boolean> {
  if (!terminal.interactive) return false;
  try {
    await preflight((await abp()).orchestrator.deps, { type: 'claude' });
  } catch (error) {
    say(`Claude Code cannot be used here: ${toAbpError(error).message}`);
    return false;
  }
  const answer = await terminal.ask(
    'Use Claude Code (haiku)? It costs money: one small agent for each document. [y/N] ',
  );
  return /^y(es)?$/i.test(answer);
}

/** enumerated = completed + failed + skipped + cancelled, with nothing left at work. */
function isComplete({ units }: Status): boolean {
  const { total, completed, failed, skipped, cancelled, running, pending } = units;
  return total > 0 && running + pending === 0 && completed + failed + skipped + cancelled === total;
}

/** The demo's batch file, which a clone of the repository has. */
function batchFile(): string {
  const file = join(packageRoot(), 'examples', 'documents', 'batch.yaml');
  if (existsSync(file)) return file;
  throw new AbpError('environment', 'The examples are not in this installation of ABP.', {
    hint: 'Clone the repository, then: npm ci && npm run demo',
  });
}
