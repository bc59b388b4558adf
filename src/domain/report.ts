/**
 * Start of a line in an agent's last message that reports a failure. The prompt asks for it, the worker's verdict looks
 * for it: the only text of an agent that turns a success into a failure.
 */
export const FAILURE_MARKER = 'ABP_FAILED:';

/**
 * Matches the marker at the start of a line, bare or in Markdown emphasis, code or a heading, then the reason. The
 * prefix matches no line ends: otherwise a long text of blank lines takes quadratic time.
 */
export const FAILURE_REPORT = new RegExp(
  `^(?:[^\\S\\n\\r\\u2028\\u2029]|[>#*_\`])*${FAILURE_MARKER}[*_\`]*(.*)$`,
  'ms',
);

/** Returns the reason of a reported failure; null = the text reports none. */
export function reportedFailure(text: string): string | null {
  const reason = FAILURE_REPORT.exec(text)?.[1];
  if (reason === undefined) return null;
  return reason.trim() || 'the agent reported a failure and gave no reason';
}
