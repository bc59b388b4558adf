import { type Hint, hintText, type Mention, type NamedOperation } from '../domain/hint.ts';
import { sentences } from '../domain/sentences.ts';

/** The control of this page for each operation, or the command for one that the page does not have. */
const CONTROLS: Readonly<Record<NamedOperation, string | ((named: Mention) => string)>> = {
  list_enumerators: 'abp enumerators',
  preview_items: 'abp preview',
  create_job: 'abp create',
  update_job: ({ changes }) => (changes === 'prompt' ? 'Prompt & settings' : 'abp update <job>'),
  start_job: ({ input: { approve, again } = {} }) => {
    if (approve !== undefined) return approve === true ? 'Approve' : 'Reject';
    return again === true ? '“Test again”' : 'its Test view';
  },
  get_job_status: 'its overview',
  get_job: 'Prompt & settings',
  list_jobs: 'the list of jobs',
  list_units: 'the list of units',
  get_unit: ({ input: { unit } = {} }) => `the page of ${unit === undefined ? 'the unit' : `unit ${unit}`}`,
  pause_job: 'Pause',
  resume_job: 'Resume',
  cancel_job: 'Cancel',
  manage_units: ({ input: { action } = {} }) =>
    action === 'rerun' ? 'Run' : action === 'retry' ? 'Retry' : 'Run again',
  export_results: 'Export',
  delete_job: 'Delete',
  allow_job: 'Allow',
  allow_source: 'Approvals',
  list_approvals: 'the list of approvals',
};

/** How this page says by which means something is done: a page, a view, or a control and a command. */
function prepositionOf({ operation, changes }: Mention): string {
  if (operation === 'get_unit') return 'on';
  return changes === undefined ? 'with' : 'under';
}

/** Words a hint in terms of this page, as sentences. */
export function pageWords(hint: Hint | undefined): string {
  const said = hintText(hint, (named) => {
    const control = CONTROLS[named.operation];
    const name = typeof control === 'string' ? control : control(named);
    return named.means ? `${prepositionOf(named)} ${name}` : name;
  });
  return sentences(said.startsWith('abp ') ? said : said.charAt(0).toUpperCase() + said.slice(1));
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
