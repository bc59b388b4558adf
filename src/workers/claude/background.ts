import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';

/** Tools that stop a background task or query it, including their older names. */
const TASK_TOOLS: ReadonlyMap<string, 'stop' | 'ask'> = new Map([
  ['TaskStop', 'stop'],
  ['KillShell', 'stop'],
  ['KillBash', 'stop'],
  ['TaskOutput', 'ask'],
  ['BashOutput', 'ask'],
  ['AgentOutputTool', 'ask'],
]);
/** Input fields of these tools that name the task. */
const TASK_IDS: readonly string[] = ['task_id', 'shell_id', 'bash_id', 'agentId', 'agent_id'];
/** Answer of a call that continues in the background. */
const LAUNCHED = /^(?:Command running in background|Command was (?:manually )?backgrounded|Async agent launched)/;
/** Task id in such an answer. */
const GIVEN_ID = /\b(?:ID|agentId|agent_id|task_id): ?([\w-]{1,80})/;
/** Task status in the answer to a query, and whether the answer arrived in time. */
const STATUS = /<status>(\w{1,20})<\/status>/;
const NOT_RETRIEVED = /<retrieval_status>(?!success)/;
/** Error of stopping a task that has ended. */
const ALREADY_ENDED = /\bis not running\b/;
const ENDS: ReadonlySet<string | null> = new Set(['completed', 'failed', 'stopped', 'killed']);
const CUT_OFF: ReadonlySet<string | null> = new Set(['stopped', 'killed']);

/** A task that runs, or may run, in the background of an agent. */
export interface BackgroundTask {
  readonly id: string;
  readonly callId: string | null;
  readonly words: string;
  /**
   * `open`: runs. `unknown`: may be a foreground task, which always ends before the agent. `answered`: known only from
   * the answer to its call. `left`: still ran at a result line. `cut`: left, then stopped by the CLI.
   */
  state: 'open' | 'unknown' | 'answered' | 'left' | 'cut' | 'ended';
}

/** Tasks of a stream, and pending calls that stop or query one. */
export interface Tasks {
  readonly list: BackgroundTask[];
  readonly calls: { readonly callId: string; readonly does: 'stop' | 'ask'; readonly taskId: string | null }[];
}

/**
 * Records a `system` event about tasks. CLI 2.1.330 reports each start (`task_started`, with `is_backgrounded`), each
 * end (`task_notification`, `task_updated`) and the list of running tasks when it changes (`background_tasks_changed`);
 * 2.1.197 reports starts and ends of all tasks; older versions only answer the call.
 */
export function recordTaskEvent({ list: tasks }: Tasks, event: Fields): void {
  const id = textOf(event.task_id);
  const patch = fieldsOf(event.patch);
  if (event.subtype === 'background_tasks_changed') {
    const listed = listOf(event.tasks).map(fieldsOf);
    for (const task of tasks) if (task.state === 'open' || task.state === 'left') task.state = 'ended';
    for (const task of listed) if (task.ambient !== true) recordTask(tasks, textOf(task.task_id) ?? '', task, 'open');
  } else if (id !== null && event.subtype === 'task_started' && event.skip_transcript !== true) {
    const isAsked = event.is_backgrounded !== undefined || textOf(event.tool_use_id) !== null;
    recordTask(tasks, id, event, event.is_backgrounded === true || !isAsked ? 'open' : 'unknown');
  } else if (id !== null && patch.is_backgrounded === true) {
    recordTask(tasks, id, event, 'open');
  }
  const status = textOf(event.status) ?? textOf(patch.status);
  const task = tasks.find((candidate) => candidate.id === id);
  if (!task || !ENDS.has(status) || task.state === 'cut') return;
  task.state = task.state === 'left' && CUT_OFF.has(status) ? 'cut' : 'ended';
}

/** Records a call that stops or queries a task, the only evidence of its end if no events are sent. */
export function recordTaskCall({ calls }: Tasks, tool: string, callId: string, input: Fields): void {
  const does = TASK_TOOLS.get(tool);
  if (does === undefined) return;
  const [taskId = null] = TASK_IDS.flatMap((name) => textOf(input[name]) ?? []);
  calls.push({ callId, does, taskId });
}

/** Records the answer to a call: the call may continue in the background, or report the end of another task. */
export function recordTaskAnswer({ list, calls }: Tasks, callId: string, answer: string, isError: boolean): void {
  const at = calls.findLastIndex((call) => call.callId === callId);
  const [call] = at < 0 ? [] : calls.splice(at, 1);
  if (call) {
    const hasEnded = isError ? ALREADY_ENDED.test(answer) : call.does === 'stop' || reportsEnd(answer);
    const task = hasEnded ? taskMeant(list, call.taskId) : undefined;
    if (task) task.state = 'ended';
    return;
  }
  if (isError || !LAUNCHED.test(answer)) return;
  const known = list.find((task) => task.callId === callId);
  if (known?.state === 'unknown') known.state = 'open';
  if (known) return;
  const id = GIVEN_ID.exec(answer)?.[1] ?? null;
  list.push({ id: id ?? callId, callId, words: answer.split('\n', 1)[0] ?? '', state: 'answered' });
}

/** Checks whether an answer reports the end of a task; one without a status is its final output. */
function reportsEnd(answer: string): boolean {
  const status = STATUS.exec(answer)?.[1];
  return status === undefined ? !NOT_RETRIEVED.test(answer) : ENDS.has(status);
}

/** The task, known only from answers, that a call names; an unknown or missing id means the only candidate. */
function taskMeant(list: readonly BackgroundTask[], taskId: string | null): BackgroundTask | undefined {
  const answered = list.filter(({ state }) => state === 'answered');
  const named = answered.find(({ id }) => id === taskId);
  if (named) return named;
  const possible = taskId === null ? answered : answered.filter(({ id, callId }) => id === callId);
  return possible.length === 1 ? possible[0] : undefined;
}

/**
 * Records a result line and describes the tasks that still run, or that the CLI stopped after an earlier result line.
 */
export function recordTasksLeft({ list: tasks }: Tasks): readonly string[] {
  for (const task of tasks) if (task.state === 'open') task.state = 'left';
  const left = tasks.filter(({ state }) => state === 'left' || state === 'cut' || state === 'answered');
  return left.map(({ words }) => words);
}

function recordTask(tasks: BackgroundTask[], id: string, told: Fields, state: 'open' | 'unknown'): void {
  const known = tasks.find((task) => task.id === id);
  if (!known) tasks.push({ id, callId: textOf(told.tool_use_id), words: wordsOf(told), state });
  else if (state === 'open') known.state = 'open';
}

function wordsOf(task: Fields): string {
  return textOf(task.description) ?? textOf(task.task_type) ?? 'a task';
}
