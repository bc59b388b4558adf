import type { z } from 'zod';
import type { AnyOperation, OperationName } from '../../orchestrator/operations.ts';
import type { JobStatusOutput } from '../../orchestrator/shapes.ts';
import { presentStatus, shownStatus } from './status.ts';

/** Tools that answer with the status of a job. */
const STATUS_TOOLS: ReadonlySet<string> = new Set([
  ...(['create_job', 'update_job', 'start_job', 'get_job_status', 'pause_job', 'resume_job'] as const),
  ...(['cancel_job', 'manage_units'] as const),
] satisfies OperationName[]);

/** Shape of what a model gets of an operation. */
export function shownOutput({ name, output }: Pick<AnyOperation, 'name' | 'output'>): z.ZodObject {
  const shape: z.ZodObject = output;
  return STATUS_TOOLS.has(name) ? shape.omit({ advice: true }).extend(shownStatus) : shape;
}

/** Presents the answer of an operation to a model. */
export function present(name: string, answer: Record<string, unknown>): Record<string, unknown> {
  return STATUS_TOOLS.has(name) ? presentStatus(answer as JobStatusOutput) : answer;
}
