import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';

/** Tools by which an agent ends a task, or asks how it stands, also under their older names. */
const LOOKING_AFTER: ReadonlyMap<string, 'stop' | 'ask'> = new Map([
  ['TaskStop', 'stop'],
  ['KillShell', 'stop'],
  ['KillBash', 'stop'],
  ['TaskOutput', 'ask'],
  ['BashOutput', 'ask'],
  ['AgentOutputTool', 'ask'],
]);
/** The fields by which such a call names its task. */
const TASK_IDS: readonly string[] = ['task_id', 'shell_id', 'bash_id', 'agentId', 'agent_id'];
/** How the answer to a call begins that goes on in the background. */
const LAUNCHED = /^(?:Command running in background|Command was (?:manually )?backgrounded|Async agent launched)/;
/** The id that such an answer gives the task. */
const GIVEN_ID = /\b(?:ID|agentId|agent_id|task_id): ?([\w-]{1,80})/;
/** What the answer to the question how a task stands says first of it; and whether it came at all in the time of the call. */
const STATUS = /<status>(\w{1,20})<\/status>/;
const NOT_THERE = /<retrieval_status>(?!success)/;
/** Why a task cannot be stopped that has ended by itself. */
const HAD_ENDED = /\bis not running\b/;
const ENDS: ReadonlySet<string | null> = new Set(['completed', 'failed', 'stopped', 'killed']);
const CUT_OFF: ReadonlySet<string | null> = new Set(['stopped', 'killed']);

/** A task of an agent that goes on, or may go on, while it does something else. */
export interface BackgroundTask {
  readonly id: string;
  readonly callId: string | null;
  readonly words: string;
  /**
   * `unknown`: it may be in the foreground, in which nobody leaves it. `answered`: only the answer to its call tells of it.
   * `left`: it went on at a result line. `cut`: it was left, and the CLI stopped it.
   */
  state: 'open' | 'unknown' | 'answered' | 'left' | 'cut' | 'ended';
}

/** The tasks of a stream, and the calls that look after one and are not answered yet. */
export interface Tasks {
  readonly list: BackgroundTask[];
  readonly calls: { readonly callId: string; readonly does: 'stop' | 'ask'; readonly taskId: string | null }[];
}

/**
 * Notes what a `system` event says of tasks. CLI 2.1.330 tells each start (`task_started`, with `is_backgrounded`) and end
 * (`task_notification`, `task_updated`), and the list of those that live when it changes (`background_tasks_changed`);
 * 2.1.197 tells starts and ends of all tasks; older ones only answer the call.
 */
export function noteTaskEvent({ list: tasks }: Tasks, event: Fields): void {
  const id = textOf(event.task_id);
  const patch = fieldsOf(event.patch);
  if (event.subtype === 'background_tasks_changed') {
    const listed = listOf(event.tasks).map(fieldsOf);
    for (const task of tasks) if (task.state === 'open' || task.state === 'left') task.state = 'ended';
    for (const task of listed) if (task.ambient !== true) note(tasks, textOf(task.task_id) ?? '', task, 'open');
  } else if (id !== null && event.subtype === 'task_started' && event.skip_transcript !== true) {
    const isAsked = event.is_backgrounded !== undefined || textOf(event.tool_use_id) !== null;
    note(tasks, id, event, event.is_backgrounded === true || !isAsked ? 'open' : 'unknown');
  } else if (id !== null && patch.is_backgrounded === true) {
    note(tasks, id, event, 'open');
  }
  const status = textOf(event.status) ?? textOf(patch.status);
  const task = tasks.find((candidate) => candidate.id === id);
  if (!task || !ENDS.has(status) || task.state === 'cut') return;
  task.state = task.state === 'left' && CUT_OFF.has(status) ? 'cut' : 'ended';
}

/** Notes that an agent called a tool: of a task that no event tells, this is how it sees to the end of it. */
export function noteTaskCall({ calls }: Tasks, tool: string, callId: string, input: Fields): void {
  const does = LOOKING_AFTER.get(tool);
  if (does === undefined) return;
  const [taskId = null] = TASK_IDS.flatMap((name) => textOf(input[name]) ?? []);
  calls.push({ callId, does, taskId });
}

/** Notes the answer to a call: it may be that the call goes on, or that it tells of the end of another one. */
export function noteTaskAnswer({ list, calls }: Tasks, callId: string, answer: string, isError: boolean): void {
  const at = calls.findLastIndex((call) => call.callId === callId);
  const [call] = at < 0 ? [] : calls.splice(at, 1);
  if (call) {
    const hasEnded = isError ? HAD_ENDED.test(answer) : call.does === 'stop' || tellsOfEnd(answer);
    const task = hasEnded ? meant(list, call.taskId) : undefined;
    if (task) task.state = 'ended';
    return;
  }
  if (isError || !LAUNCHED.test(answer)) return;
  const told = list.find((task) => task.callId === callId);
  if (told?.state === 'unknown') told.state = 'open';
  if (told) return;
  const id = GIVEN_ID.exec(answer)?.[1] ?? null;
  list.push({ id: id ?? callId, callId, words: answer.split('\n', 1)[0] ?? '', state: 'answered' });
}

/** An answer that says nothing of how the task stands is its output, which comes at its end. */
function tellsOfEnd(answer: string): boolean {
  const status = STATUS.exec(answer)?.[1];
  return status === undefined ? !NOT_THERE.test(answer) : ENDS.has(status);
}

/** Of the tasks that no event tells, the one that a call names; one whose id nobody knows, or that is not named, where it is alone. */
function meant(list: readonly BackgroundTask[], taskId: string | null): BackgroundTask | undefined {
  const told = list.filter(({ state }) => state === 'answered');
  const named = told.find(({ id }) => id === taskId);
  if (named) return named;
  const possible = taskId === null ? told : told.filter(({ id, callId }) => id === callId);
  return possible.length === 1 ? possible[0] : undefined;
}

/** Notes a result line: those that go on, or were stopped by the CLI after an earlier one, are left. In words. */
export function tasksLeft({ list: tasks }: Tasks): readonly string[] {
  for (const task of tasks) if (task.state === 'open') task.state = 'left';
  const left = tasks.filter(({ state }) => state === 'left' || state === 'cut' || state === 'answered');
  return left.map(({ words }) => words);
}

function note(tasks: BackgroundTask[], id: string, told: Fields, state: 'open' | 'unknown'): void {
  const known = tasks.find((task) => task.id === id);
  if (!known) tasks.push({ id, callId: textOf(told.tool_use_id), words: wordsOf(told), state });
  else if (state === 'open') known.state = 'open';
}

function wordsOf(task: Fields): string {
  return textOf(task.description) ?? textOf(task.task_type) ?? 'a task';
}
