import { type Hint, hintText, type Mention, type NamedOperation } from '../domain/hint.ts';
import { sentences } from '../domain/sentences.ts';

type Input = NonNullable<Mention['input']>;

/** The control of this page for each operation, or the command for one that the page does not have. */
const CONTROLS: Readonly<Record<NamedOperation, string | ((input: Input) => string)>> = {
  list_enumerators: 'abp enumerators',
  preview_items: 'abp preview',
  create_job: 'abp create',
  update_job: 'Prompt & settings',
  start_job: ({ approve, again }) => {
    if (approve !== undefined) return approve === true ? 'Approve' : 'Reject';
    return again === true ? '“Test again”' : 'its Test view';
  },
  get_job_status: 'its overview',
  get_job: 'Prompt & settings',
  list_jobs: 'the list of jobs',
  list_units: 'the list of units',
  get_unit: ({ unit }) => `the page of ${unit === undefined ? 'the unit' : `unit ${unit}`}`,
  pause_job: 'Pause',
  resume_job: 'Resume',
  cancel_job: 'Cancel',
  manage_units: ({ action }) =>
    action === 'post_process' ? 'Run post-processing' : action === 'retry' ? 'Retry' : 'Run again',
  export_results: 'Export',
  delete_job: 'Delete',
  allow_job: 'Allow',
  allow_source: 'Approvals',
};

/** How this page says by which means something is done, where that is not `with`. */
const PREPOSITIONS: Partial<Readonly<Record<NamedOperation, string>>> = { get_unit: 'on', update_job: 'under' };

/** Words a hint in terms of this page, as sentences. */
export function pageWords(hint: Hint | undefined): string {
  const said = hintText(hint, ({ operation, input = {}, means }) => {
    const control = CONTROLS[operation];
    const name = typeof control === 'string' ? control : control(input);
    return means ? `${PREPOSITIONS[operation] ?? 'with'} ${name}` : name;
  });
  return sentences(said.charAt(0).toUpperCase() + said.slice(1));
}

/** The verdict of a test and, after a failure, what to do. */
export function verdictOf({
  verdict,
  advice,
}: {
  readonly verdict?: string | undefined;
  readonly advice?: Hint | undefined;
}): string {
  return sentences(verdict, pageWords(advice));
}
