import { steadyClock, systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { AbpError, toAbpError } from '../domain/error.ts';
import { programPath } from '../package-root.ts';
import { openStore, type Store, whenUnlocked } from '../repository/index.ts';
import { createLauncher } from '../supervision/launch.ts';
import { createLeaseObserver, type LeaseObserver, provablyDead } from '../supervision/lease.ts';
import { openLog } from '../supervision/log.ts';
import { createRecovery } from '../supervision/recovery.ts';
import { storePaths } from '../supervision/store-paths.ts';
import { parseWorker, WORKER_TYPES } from '../workers/index.ts';
import { acquireJob, type Heartbeat } from './acquire-job.ts';
import { createCompressor } from './compressor.ts';
import { createJobExecutor, type JobExecutor } from './job-executor.ts';
import { createRevisionLoader } from './load-revision.ts';

/**
 * The program of a detached executor: `node …/executor/main.js <job_id> [<epoch>.<heartbeat>]`, with the sign of life that
 * whoever starts it has seen standing still for a whole lease. Exit 0 also when another holds the job, or none is needed.
 */
const [jobId, standing] = process.argv.slice(2);
if (!jobId) {
  console.error('usage: executor/main <job_id>');
  process.exit(2);
}
// The terminal that started us may go away at any moment: that is not our affair.
process.on('SIGHUP', () => undefined);
// An agent that ABP started must not be taken for our own parentage.
delete process.env.ABP_ATTEMPT_ID;

const config = readConfig();
const places = storePaths(config.storagePath);
const requestId = process.env.ABP_REQUEST_ID;
const cause = requestId ? { request_id: requestId } : {};
const log = openLog(places.log(jobId), { job_id: jobId, ...cause });
try {
  await main(jobId);
  process.exit(0);
} catch (error) {
  const { code, message, hint } = toAbpError(error);
  log.logger.fatal({ err: error, code, hint }, message);
  process.exit(1);
}

async function main(id: string): Promise<void> {
  const clock = steadyClock(systemClock);
  const store = await whenUnlocked(() => openStore(config.storagePath, clock, provablyDead));
  const { repository } = store;
  // With a full disk it matters how a store is closed.
  process.once('exit', () => repository.close());
  const job = repository.jobs.get(id);
  if (!job) throw new AbpError('not_found', `No job ${id} in ${config.storagePath}.`);
  // All that may be needed is loaded before the lease is confirmed: an update of the package on disk then changes nothing.
  const surroundings = { places, environment: process.env };
  const load = createRevisionLoader(repository, { types: WORKER_TYPES, parse: parseWorker }, surroundings);
  const loaded = await load(job);
  const { leaseMs, maxTotalWorkers } = config;
  const observer = createLeaseObserver(clock);
  const taken = await acquireJob(id, { repository, clock, observer, leaseMs, cause, ...seenStanding(standing) });
  if (!taken) {
    log.logger.info('another executor holds the job, or it needs none');
    return;
  }
  const { lease, fenced } = taken;
  if (fenced !== null) log.logger.warn({ executor_pid: fenced }, 'ended the executor that stood still');
  const compressor = createCompressor(log);
  const executor = createJobExecutor(
    {
      ...store,
      clock,
      places,
      lease,
      leaseMs,
      maxTotalWorkers,
      random: Math.random,
      log,
      load,
      compressor,
    },
    taken.job,
    loaded,
  );
  stopOnSignals(executor);
  const leaving = new AbortController();
  if (config.autoRecover) watchOthers(store, id, observer, leaving.signal);
  log.logger.info({ epoch: lease.epoch, status: taken.job.status }, 'executor started');
  await executor.run();
  leaving.abort();
  await compressor.idle();
  log.logger.info('executor stopped');
}

function seenStanding(text: string | undefined): { readonly standing?: Heartbeat } {
  const [epoch, heartbeat] = (text ?? '').split('.').map(Number);
  return epoch === undefined || heartbeat === undefined ? {} : { standing: { epoch, heartbeat } };
}

function stopOnSignals(executor: JobExecutor): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.logger.info({ signal }, 'stopping');
      executor.stop();
    });
  }
}

/** While it lives, this executor also looks after jobs whose executor died. */
function watchOthers({ repository }: Store, id: string, observer: LeaseObserver, signal: AbortSignal): void {
  const launcher = createLauncher({
    repository,
    places,
    clock: systemClock,
    executorPath: programPath('executor/main'),
    environment: process.env,
  });
  const recovery = createRecovery({
    repository,
    launcher,
    observer,
    clock: systemClock,
    leaseMs: config.leaseMs,
    except: id,
  });
  void recovery.watch(signal, ({ recovered, refused }) => {
    if (recovered.length > 0) log.logger.info({ jobs: recovered }, 'recovered other jobs');
    if (refused.length > 0) log.logger.warn({ jobs: refused }, 'could not recover other jobs');
  });
}
