import { statSync } from 'node:fs';
import type { Hono } from 'hono';
import { packageVersion } from '../package-root.ts';
import { executorState } from '../supervision/lease.ts';
import type { HttpEnv } from './caller.ts';
import type { Feeds } from './feed.ts';
import type { HttpHost } from './host.ts';
import { diagnostics, health } from './resources.ts';

/** Adds `/health`, which reads the store, and `/diagnostics`, the state of the server for troubleshooting. */
export function addDiagnostics(app: Hono<HttpEnv>, { config, orchestrator }: HttpHost, feeds: Feeds): void {
  const { repository } = orchestrator.deps;
  const startedAt = Date.now();

  app.get(health.path, async (c) => {
    await repository.leases.held();
    return c.json({ status: 'ok' }, 200, { 'Cache-Control': 'no-store' });
  });

  app.get(diagnostics.path, async (c) => {
    const leases = await repository.leases.held();
    return c.json({
      version: packageVersion(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      pid: process.pid,
      started_at: new Date(startedAt).toISOString(),
      uptime_s: Math.round((Date.now() - startedAt) / 1000),
      memory: { rss_bytes: process.memoryUsage.rss(), heap_bytes: process.memoryUsage().heapUsed },
      streams: feeds.clients,
      store: { path: repository.path, bytes: sizeOf(repository.path), wal_bytes: sizeOf(`${repository.path}-wal`) },
      jobs: (await repository.totals()).jobsByStatus,
      executors: leases.map((lease) => ({
        job_id: lease.jobId,
        state: executorState(lease),
        pid: lease.pid,
        epoch: lease.epoch,
        heartbeat: lease.heartbeat,
        since: new Date(lease.acquiredAt).toISOString(),
      })),
      settings: {
        max_workers: config.maxWorkers,
        max_total_workers: config.maxTotalWorkers,
        max_retries: config.maxRetries,
        skip_test: config.skipTest,
        auto_recover: config.autoRecover,
        lease_s: config.leaseMs / 1000,
      },
    });
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
