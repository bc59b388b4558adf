import { z } from 'zod';
import { UNIT_STATUSES } from '../domain/unit.ts';
import { EXPORT_FORMATS, type ExportFormatName, exportMediaType } from '../export/index.ts';
import { jobId, unitIndex } from '../orchestrator/shapes.ts';
import type { Route } from './endpoints.ts';

/** An address that is no operation: a stream, a file, or something about the server itself. */
export interface Resource extends Route {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  /** What its path and query may hold. */
  readonly input: z.ZodObject;
  /** Media type of its answer, or those that it may have. */
  readonly type: string | readonly string[];
}

const ATTEMPT = '/api/jobs/{job_id}/units/{unit}/attempts/{attempt}';
const nothing = z.strictObject({});

/** Events of a job, live. */
export const jobEvents = {
  name: 'job_events',
  method: 'get',
  path: '/api/jobs/{job_id}/events',
  title: 'Events of a job, live',
  description:
    'Server-sent events; id is the seq of the event. A client that comes back with Last-Event-ID gets what it missed, without gap or repetition. An event named gone says that the job was deleted.',
  input: z.strictObject({
    job_id: jobId,
    since: z
      .union([z.int().min(-1), z.literal('latest')])
      .optional()
      .describe('Only events beyond this seq; latest begins now; default: all from the beginning'),
  }),
  type: 'text/event-stream',
  streams: true,
} as const satisfies Resource;

/** A job's results as a file of any size. */
export const results = {
  name: 'download_results',
  method: 'get',
  path: '/api/jobs/{job_id}/results',
  title: 'Results as a file',
  input: z.strictObject({
    job_id: jobId,
    format: z.enum(EXPORT_FORMATS as readonly [ExportFormatName, ...ExportFormatName[]]),
    status: z.array(z.enum(UNIT_STATUSES)).min(1).optional().describe('Only units in one of these; default all'),
  }),
  type: EXPORT_FORMATS.map(exportMediaType),
} as const satisfies Resource;

/** A file that an attempt made. */
export const artifact = {
  name: 'download_artifact',
  method: 'get',
  path: `${ATTEMPT}/artifacts/{path}`,
  title: 'A file that an attempt made',
  description: 'One of the artifacts in the result of the attempt, as an attachment.',
  input: z.strictObject({
    job_id: jobId,
    unit: unitIndex,
    attempt: z.int().min(1),
    path: z.string().describe('As in the result; its slashes may stay as they are'),
    stage: z.enum(['main', 'post']).optional().describe('post: of the post-processing unit'),
  }),
  type: 'application/octet-stream',
} as const satisfies Resource;

/** Whether anybody is at home. */
export const health = {
  name: 'health',
  method: 'get',
  path: '/health',
  title: 'Whether the server answers and the store can be read',
  input: nothing,
  type: 'application/json',
} as const satisfies Resource;

/** For when something is wrong. */
export const diagnostics = {
  name: 'diagnostics',
  method: 'get',
  path: '/diagnostics',
  title: 'What a person wants to know when something is wrong',
  input: nothing,
  type: 'application/json',
} as const satisfies Resource;

/** For Prometheus. */
export const metrics = {
  name: 'metrics',
  method: 'get',
  path: '/metrics',
  title: 'Metrics for Prometheus',
  input: nothing,
  type: 'text/plain',
} as const satisfies Resource;

/** The document itself. */
export const openApi = {
  name: 'openapi',
  method: 'get',
  path: '/api/openapi.json',
  title: 'This document',
  input: nothing,
  type: 'application/json',
} as const satisfies Resource;

/** All of them. */
export const RESOURCES: readonly Resource[] = [jobEvents, results, artifact, health, diagnostics, metrics, openApi];
