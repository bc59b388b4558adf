import { z } from 'zod';
import { type Hint, hintText } from '../../domain/hint.ts';
import { sentences } from '../../domain/sentences.ts';
import { type JobStatusOutput, jobStatusOutput } from '../../orchestrator/shapes.ts';

const { test, output, failures } = jobStatusOutput.shape;
const text = z.string();

/** Shape of a status for a model: advice is a part of the text that it belongs to. */
export const shownStatus = {
  test: test.unwrap().omit({ advice: true }).optional(),
  output: output
    .unwrap()
    .extend({ error: output.unwrap().shape.error.unwrap().extend({ hint: text.optional() }).optional() })
    .optional(),
  failures: z.array(failures.unwrap().element.omit({ advice: true })).optional(),
};

/** Presents a status to a model: what happened, then what to do, as one text each. */
export function presentStatus({ advice, ...status }: JobStatusOutput): Record<string, unknown> {
  const { message, test: tested, output: written, failures: failed } = status;
  return {
    ...status,
    ...(message === undefined ? {} : { message: said(message, advice) }),
    ...(tested ? { test: presentTest(tested) } : {}),
    ...(written?.error ? { output: { ...written, error: presentError(written.error) } } : {}),
    ...(failed ? { failures: failed.map((each) => ({ ...each, advice: hintText(each.advice) })) } : {}),
  };
}

function presentTest({ advice, ...tested }: NonNullable<JobStatusOutput['test']>) {
  const { verdict } = tested;
  return { ...tested, ...(verdict === undefined ? {} : { verdict: said(verdict, advice) }) };
}

function presentError({ hint, ...error }: NonNullable<NonNullable<JobStatusOutput['output']>['error']>) {
  return { ...error, ...(hint === undefined ? {} : { hint: hintText(hint) }) };
}

function said(happened: string, advice: Hint | undefined): string {
  return advice === undefined ? happened : sentences(happened, hintText(advice));
}
