import { z } from 'zod';
import { EXPORT_FORMATS, exportMediaType } from '../domain/export-format.ts';
import { UNIT_STATUSES } from '../domain/unit.ts';
import { openArtifact } from '../orchestrator/queries/open-artifact.ts';
import { jobId } from '../orchestrator/shapes.ts';
import type { Route } from './endpoints.ts';

/** A route without an operation: a stream, a file, or facts about the server itself. */
export interface Resource extends Route {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  /** Schema of its path and query parameters. */
  readonly input: z.ZodObject;
  /** Media type of its response, or all that it can have. */
  readonly type: string | readonly string[];
}

/** Live events of a job, as server-sent events. */
export const jobEvents = {
  name: 'job_events',
  method: 'get',
  path: '/api/jobs/{job_id}/events',
  title: 'Live events of a job',
  description:
    'Server-sent events; id is the seq of the event. A client that reconnects with Last-Event-ID gets every event it missed, once. The event gone means that the job was deleted.',
  input: z.strictObject({
    job_id: jobId,
    since: z
      .union([z.int().min(-1), z.literal('latest')])
      .optional()
      .describe('Only events after this seq; latest: only new ones; default: all'),
  }),
  type: 'text/event-stream',
  streams: true,
} as const satisfies Resource;

/** Results of a job as a file of any size. */
export const results = {
  name: 'download_results',
  method: 'get',
  path: '/api/jobs/{job_id}/results',
  title: 'Results as a file',
  input: z.strictObject({
    job_id: jobId,
    format: z.enum(EXPORT_FORMATS),
    status: z.array(z.enum(UNIT_STATUSES)).min(1).optional().describe('Only units in one of these; default all'),
  }),
  type: EXPORT_FORMATS.map(exportMediaType),
} as const satisfies Resource;

/** A file that an attempt made. */
export const artifact = {
  name: 'download_artifact',
  method: 'get',
  path: '/api/jobs/{job_id}/units/{unit}/attempts/{attempt}/artifacts/{path}',
  title: 'A file that an attempt made',
  description: 'One of the artifacts in the result of the attempt, as an attachment.',
  input: openArtifact.input,
  type: 'application/octet-stream',
} as const satisfies Resource;

/** A route about the server itself, without parameters. */
function aboutServer(name: string, path: string, title: string, type = 'application/json') {
  return { name, method: 'get', path, title, type, input: z.strictObject({}) } as const satisfies Resource;
}

/** Health check for monitoring. */
export const health = aboutServer('health', '/health', 'Health check: the server responds and can read the store');

/** State of the server, for troubleshooting. */
export const diagnostics = aboutServer('diagnostics', '/diagnostics', 'State of the server, for troubleshooting');

/** Metrics in the text format of Prometheus. */
export const metrics = aboutServer('metrics', '/metrics', 'Metrics for Prometheus', 'text/plain');

/** The OpenAPI document. */
export const openApi = aboutServer('openapi', '/api/openapi.json', 'This document');

/** All routes without an operation. */
export const RESOURCES: readonly Resource[] = [jobEvents, results, artifact, health, diagnostics, metrics, openApi];
