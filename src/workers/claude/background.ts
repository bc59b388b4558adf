import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';

/** Tools by which an agent looks after a task, also under their older names. */
const TASK_TOOLS: ReadonlySet<string> = new Set([
  'TaskStop',
  'TaskOutput',
  'KillShell',
  'KillBash',
  'BashOutput',
  'AgentOutputTool',
]);
/** How the answer to a call begins that goes on in the background. */
const LAUNCHED = /^(?:Command running in background|Command was (?:manually )?backgrounded|Async agent launched)/;
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

/**
 * Notes what a `system` event says of tasks. CLI 2.1.330 tells each start (`task_started`, with `is_backgrounded`) and end
 * (`task_notification`, `task_updated`), and the list of those that live when it changes (`background_tasks_changed`);
 * 2.1.197 tells starts and ends of all tasks; older ones only answer the call.
 */
export function noteTaskEvent(tasks: BackgroundTask[], event: Fields): void {
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

/** Notes the answer to a call that succeeded: it may be that the call goes on. */
export function noteTaskAnswer(tasks: BackgroundTask[], callId: string, answer: string): void {
  if (!LAUNCHED.test(answer)) return;
  const told = tasks.find((task) => task.callId === callId);
  if (told?.state === 'unknown') told.state = 'open';
  if (!told) tasks.push({ id: callId, callId, words: answer.split('\n', 1)[0] ?? '', state: 'answered' });
}

/** Notes that an agent called a tool: of a task that no event tells, this is how it sees to the end of it. */
export function noteTaskCall(tasks: BackgroundTask[], tool: string): void {
  if (!TASK_TOOLS.has(tool)) return;
  for (const task of tasks) if (task.state === 'answered') task.state = 'ended';
}

/** Notes a result line: those that go on, or were stopped by the CLI after an earlier one, are left. In words. */
export function tasksLeft(tasks: readonly BackgroundTask[]): readonly string[] {
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
