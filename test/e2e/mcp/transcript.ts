import type { Conversation, Step } from './claude-host.ts';

/** What of each answer the transcript shows; the models see all of it. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  preview_items: ['total', 'complete', 'fields'],
  create_job: ['job_id', 'status', 'units', 'cost_usd'],
  start_job: ['status', 'test', 'cost_usd', 'user_answer'],
  get_job_status: ['status', 'units', 'cost_usd'],
  list_units: ['units'],
  export_results: ['path', 'rows', 'partial'],
};
/** Of longer answers the beginning says enough. */
const LINE_CHARS = 400;

/** A conversation as Markdown for the README: what was said, called, answered and asked, with names and times made stable. */
export function transcript(wish: string, { steps, dialogs, root }: Conversation): string {
  const clean = (text: string) => stable(text, root);
  const parts = [`**You:** ${wish}`];
  const asked = [...dialogs];
  let call = '';
  let tool = '';
  for (const step of withoutRepeats(steps)) {
    if (step.kind === 'says') parts.push(`**Claude:** ${clean(step.text)}`);
    else if (step.kind === 'calls') {
      ({ tool } = step);
      call = clean(`${tool} ${json(step.input)}`);
    } else {
      const answer = clean(`→ ${json(shown(tool, JSON.parse(step.text)))}`);
      const [dialogHere] = tool === 'start_job' ? asked.splice(0, 1) : [];
      if (dialogHere) parts.push(fenced(call), dialog(clean(dialogHere.message)), fenced(answer));
      else parts.push(fenced(`${call}\n${answer}`));
    }
  }
  return `${parts.join('\n\n')}\n`;
}

/** A wait that was cut in two is one wait to the reader. */
function withoutRepeats(steps: readonly Step[]): readonly Step[] {
  return steps.filter((step, at) => {
    const next = steps.slice(at + 1).find(({ kind }) => kind === 'calls');
    const call = step.kind === 'calls' ? step : steps.slice(0, at).findLast(({ kind }) => kind === 'calls');
    const repeats = next?.kind === 'calls' && call?.kind === 'calls' && next.tool === call.tool;
    return step.kind === 'says' || !repeats;
  });
}

function shown(tool: string, answer: Readonly<Record<string, unknown>>): object {
  const keys = SHOWN[tool] ?? Object.keys(answer);
  return Object.fromEntries(keys.filter((key) => key in answer).map((key) => [key, brief(answer[key])]));
}

/** Lists of things by what a reader knows them by: a field's name, a unit with its key and result. */
function brief(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: Readonly<Record<string, unknown>>) => {
    if (entry.name !== undefined) return entry.name;
    return entry.unit === undefined ? entry : { unit: entry.unit, key: entry.key, result: entry.result };
  });
}

function dialog(message: string): string {
  const lines = ['*Claude Code shows a dialog:*', '', ...message.split('\n'), '', '*You choose* approve.'];
  return lines.map((line) => (line === '' ? '>' : `> ${line}`)).join('\n');
}

function json(value: unknown): string {
  return JSON.stringify(value).replaceAll(/("(?:[^"\\]|\\.)*")|([,:])/g, (_, text, sign) => text ?? `${sign} `);
}

function fenced(text: string): string {
  const lines = text.split('\n').map((line) => (line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS)}…` : line));
  return `\`\`\`text\n${lines.join('\n')}\n\`\`\``;
}

function stable(text: string, root: string): string {
  return text
    .replaceAll(`${root}/project`, '/home/me/shop')
    .replaceAll(root, '/home/me')
    .replaceAll(/job-[a-z0-9]{6}\b/g, 'job-7f3k2m')
    .replaceAll(/succeeded, \d+ s/g, 'succeeded, 4 s')
    .replaceAll(/, \d+ s\./g, ', 6 s.');
}
