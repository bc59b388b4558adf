import { AbpError } from '../../domain/error.ts';

/** What an agent is told whose earlier run was cut off; the task itself is in its session. */
export const RESUME_PROMPT =
  'Your run was cut off from outside. Look at what you have done so far, then finish the task as it was given at the start of this conversation. The rules for your last message still hold.';

/**
 * The text on stdin. Throws `invalid_input` for an empty one, which no attempt can do anything with. The CLI takes a message that begins with a slash for a command of its own and answers it without
 * asking a model, so a prompt that begins with a path must not begin the message.
 */
export function stdinText(prompt: string): string {
  if (prompt.trim() === '') {
    throw new AbpError(
      'invalid_input',
      'The prompt of this item is empty: all that the template says of it is a field without a value.',
      {
        hint: 'Skip the item, or let the template say what to do, with update_job.',
      },
    );
  }
  return prompt.trimStart().startsWith('/') ? `Task:\n\n${prompt}` : prompt;
}
