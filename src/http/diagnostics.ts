import type { Hono } from 'hono';
import { packageVersion } from '../package-root.ts';
import type { HttpEnv } from './caller.ts';
import type { Feeds } from './feed.ts';
import type { HttpHost } from './host.ts';
import { diagnostics, health } from './resources.ts';
import { serverCall } from './server-call.ts';

/** Adds `/health`, which reads the store, and `/diagnostics`, the state of the server for troubleshooting. */
export function addDiagnostics(app: Hono<HttpEnv>, { config, orchestrator }: HttpHost, feeds: Feeds): void {
  const startedAt = Date.now();

  app.get(health.path, async (c) => {
    await orchestrator.call('list_executors', {}, serverCall(c));
    return c.json({ status: 'ok' }, 200, { 'Cache-Control': 'no-store' });
  });

  app.get(diagnostics.path, async (c) => {
    const { executors } = await orchestrator.call('list_executors', {}, serverCall(c));
    const { path, bytes, wal_bytes, jobs_by_status } = await orchestrator.call('store_totals', {}, serverCall(c));
    return c.json({
      version: packageVersion(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      pid: process.pid,
      started_at: new Date(startedAt).toISOString(),
      uptime_s: Math.round((Date.now() - startedAt) / 1000),
      memory: { rss_bytes: process.memoryUsage.rss(), heap_bytes: process.memoryUsage().heapUsed },
      streams: feeds.clients,
      store: { path, bytes, wal_bytes },
      jobs: jobs_by_status,
      executors,
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
