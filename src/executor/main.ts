import { steadyClock, systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { AbpError, toAbpError } from '../domain/error.ts';
import { createLeaseObserver, type LeaseObserver } from '../supervision/lease.ts';
import { openLog } from '../supervision/log.ts';
import { storePaths } from '../supervision/store-paths.ts';
import { openStoreInTurn, type Parts, wireParts, workers } from '../wire-parts.ts';
import { acquireJob, type Heartbeat } from './acquire-job.ts';
import { createCompressor } from './compressor.ts';
import { createJobExecutor, type JobExecutor } from './job-executor.ts';
import { createRevisionLoader } from './load-revision.ts';

/**
 * Program of a detached executor: `node …/executor/main.js <job_id> [<epoch>.<heartbeat>]`, with the heartbeat that its
 * launcher saw unchanged for a whole lease. Exit code 0 also when another executor holds the job, or none is needed.
 */
const [jobId, stalled] = process.argv.slice(2);
if (!jobId) {
  console.error('usage: executor/main <job_id>');
  process.exit(2);
}
// The executor outlives the terminal that started it.
process.on('SIGHUP', () => undefined);
// Inherited from an agent that started this executor; our own agents get their own.
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
  const { code, message } = toAbpError(error);
  log.logger.fatal({ err: error, code }, message);
  process.exit(1);
}

async function main(id: string): Promise<void> {
  const clock = steadyClock(systemClock);
  const store = await openStoreInTurn(config.storagePath, clock);
  const { repository } = store;
  // On a full disk the store must be closed properly.
  process.once('exit', () => repository.close());
  const job = await repository.jobs.get(id);
  if (!job) throw new AbpError('not_found', `No job ${id} in ${config.storagePath}.`);
  // Everything is loaded before the lease is confirmed: an update of the package on disk then has no effect.
  const surroundings = { places, environment: process.env };
  const load = createRevisionLoader(repository, workers, surroundings);
  const loaded = await load(job);
  const { leaseMs, maxTotalWorkers } = config;
  const observer = createLeaseObserver(clock);
  const taken = await acquireJob(id, { repository, clock, observer, leaseMs, cause, ...parseHeartbeat(stalled) });
  if (!taken) {
    log.logger.info('another executor holds the job, or it needs none');
    return;
  }
  const { lease, fenced } = taken;
  if (fenced !== null) log.logger.warn({ executor_pid: fenced }, 'killed the stalled executor');
  const compressor = createCompressor(log);
  const executor = await createJobExecutor(
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

function parseHeartbeat(text: string | undefined): { readonly stalled?: Heartbeat } {
  const [epoch, heartbeat] = (text ?? '').split('.').map(Number);
  return epoch === undefined || heartbeat === undefined ? {} : { stalled: { epoch, heartbeat } };
}

function stopOnSignals(executor: JobExecutor): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.logger.info({ signal }, 'stopping');
      executor.stop();
    });
  }
}

/** Recovers other jobs whose executor died, while this executor runs. */
function watchOthers(store: Parts['store'], id: string, observer: LeaseObserver, signal: AbortSignal): void {
  const { recovery } = wireParts(config, store, process.env, { observer, except: id });
  void recovery.watch(signal, ({ recovered, refused }) => {
    if (recovered.length > 0) log.logger.info({ jobs: recovered }, 'recovered other jobs');
    if (refused.length > 0) log.logger.warn({ jobs: refused }, 'could not recover other jobs');
  });
}
