/**
 * What an agent's last message starts a line with when it could not do its task. The prompt tells it to, and a worker's
 * verdict looks for it: the only word of an agent that turns a success into a failure.
 */
export const FAILURE_MARKER = 'ABP_FAILED:';

/**
 * The marker at the start of a line, bare or in Markdown emphasis, code or a heading, then the reason. Before it no end of
 * a line: of a long text of blank lines each would be walked through from every one before.
 */
export const FAILURE_REPORT = new RegExp(
  `^(?:[^\\S\\n\\r\\u2028\\u2029]|[>#*_\`])*${FAILURE_MARKER}[*_\`]*(.*)$`,
  'ms',
);

/** The reason that an agent gave for not doing its task, or null when it reported none. */
export function reportedFailure(text: string): string | null {
  const reason = FAILURE_REPORT.exec(text)?.[1];
  if (reason === undefined) return null;
  return reason.trim() || 'the agent reported a failure and gave no reason';
}
