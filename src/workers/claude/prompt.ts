import { AbpError } from '../../domain/error.ts';

/** Prompt for an agent whose earlier run was cut off; its session holds the task. */
export const RESUME_PROMPT =
  'Your run was cut off from outside. Look at what you have done so far, then finish the task as it was given at the start of this conversation. The rules for your last message still hold.';

/**
 * Builds the stdin text. Throws AbpError `invalid_input` for an empty prompt. The CLI treats a message that begins with
 * a slash as its own command and answers it without a model, so such a prompt gets a heading.
 */
export function stdinText(prompt: string): string {
  if (prompt.trim() === '') {
    throw new AbpError(
      'invalid_input',
      'The prompt of this item is empty: the template contains only fields that are empty here.',
      {
        hint: 'Skip the item, or add text to the template.',
      },
    );
  }
  return prompt.trimStart().startsWith('/') ? `Task:\n\n${prompt}` : prompt;
}
