import { randomBytes } from 'node:crypto';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { showUnseen } from '../domain/unseen-characters.ts';

/** What a question was about. It comes back with the answer, signed, so that an answer never meets another question. */
export type Question =
  | { readonly about: 'test'; readonly jobId: string; readonly shown: string }
  | { readonly about: 'job'; readonly jobId: string; readonly shown: string }
  | { readonly about: 'source'; readonly definition: string };

/** Seals questions; the key lives as long as the process, an answer for an hour. */
export const questions = createRequestStateCodec<Question>({ key: randomBytes(32), ttlSeconds: 3600 });

/** What start_job takes as a note. */
const NOTE_CHARS = 2000;

/**
 * A form of one choice and a note: flat, as every host can show it. `choices` are values with their meaning, in a few words
 * (Claude Code shows 46 characters of each); `details` is all that the message leaves out.
 */
export function choiceForm<const Choice extends string>(choices: Readonly<Record<Choice, string>>, details: string) {
  const [values, enumNames] = [Object.keys(choices) as Choice[], Object.values<string>(choices)];
  return z.object({
    decision: z.enum(values).meta({ description: plain(details), enumNames }),
    // Few hosts mind the bound: a decision is not lost because its note is long.
    note: z
      .string()
      .overwrite((text) => text.slice(0, NOTE_CHARS))
      .max(NOTE_CHARS)
      .optional()
      .describe('Why, or what should change'),
  });
}

const KEY = 'decision';

/** Puts a form before the user; the handler runs again from the top when the answer is there. */
export async function ask(
  question: Question,
  message: string,
  form: ReturnType<typeof choiceForm>,
): Promise<InputRequiredResult> {
  return inputRequired({
    inputRequests: { [KEY]: inputRequired.elicit({ message: plain(message), requestedSchema: form }) },
    requestState: await questions.mint(question),
  });
}

/** The question that this call answers, or undefined in the first round. */
export function questionOf({ mcpReq }: ServerContext): Question | undefined {
  return mcpReq.requestState<Question>();
}

/** What the user chose; null when they closed the dialog, or a host without a person declined it by itself. */
export function answerOf<Form extends z.ZodType>({ mcpReq }: ServerContext, form: Form): z.output<Form> | null {
  const response = inputResponse(mcpReq.inputResponses, KEY);
  if (response.kind !== 'elicit' || response.action !== 'accept') return null;
  const content = form.safeParse(response.content);
  return content.success ? content.data : null;
}

/** Whether the client that makes this call can put a form before its user. */
export function canAsk(server: McpServer, { mcpReq }: ServerContext): boolean {
  const envelope = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  // In the 2026 era every request says what its client can; before that, the handshake did.
  // oxlint-disable-next-line typescript/no-deprecated -- the only way to what the handshake said
  const declared = envelope ? envelope[CLIENT_CAPABILITIES_META_KEY] : server.server.getClientCapabilities();
  const { elicitation } = (declared ?? {}) as ClientCapabilities;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/**
 * Whether a dialog's answer is known to be a person's: the host at the other end of stdin and stdout is the program that
 * the user runs. Over HTTP whoever has the token answers, and a token is never a person.
 */
export function isAnsweredByPerson({ http }: ServerContext): boolean {
  return http === undefined;
}

/** Text from outside, for a dialog: what is not seen in one is shown by its code. */
export function plain(text: string): string {
  return showUnseen(text);
}
