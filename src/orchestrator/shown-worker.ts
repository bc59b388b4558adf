import type { WorkerChoice } from '../domain/job.ts';
import { redactJson } from '../domain/redact.ts';

/** A worker's config as it may be shown: the values of its environment are nobody's business but the worker's. */
export function shownWorker(worker: WorkerChoice): WorkerChoice {
  const { env } = worker;
  if (env === null || typeof env !== 'object' || Array.isArray(env)) return redactJson(worker);
  const hidden = Object.fromEntries(Object.keys(env).map((name) => [name, '[set]']));
  return { ...redactJson(worker), env: hidden };
}
