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

/** Subject of a question. It comes back with the answer, signed, so that an answer never counts for another question. */
export type Question =
  | { readonly about: 'test'; readonly jobId: string; readonly shown: string }
  | { readonly about: 'job'; readonly jobId: string; readonly shown: string }
  | { readonly about: 'source'; readonly definition: string };

/** Signs questions with a key of this process; an answer is valid for an hour. */
export const questions = createRequestStateCodec<Question>({ key: randomBytes(32), ttlSeconds: 3600 });

/** Maximum characters of a note, as in start_job. */
const NOTE_CHARS = 2000;

/**
 * Makes a form of one choice and a note: flat, as every host can show it. `choices` are values with short labels (Claude Code
 * shows 46 characters of each); `details` is everything that the message leaves out.
 */
export function choiceForm<const Choice extends string>(choices: Readonly<Record<Choice, string>>, details: string) {
  const [values, enumNames] = [Object.keys(choices) as Choice[], Object.values<string>(choices)];
  return z.object({
    decision: z.enum(values).meta({ description: plain(details), enumNames }),
    // Few hosts enforce the maximum: a long note is cut instead of losing the decision.
    note: z
      .string()
      .overwrite((text) => text.slice(0, NOTE_CHARS))
      .max(NOTE_CHARS)
      .optional()
      .describe('Why, or what should change'),
  });
}

const KEY = 'decision';

/** Asks the user with a form; the handler runs again from its start when the answer arrives. */
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

/** Returns the question that this call answers; undefined in the first round. */
export function questionOf({ mcpReq }: ServerContext): Question | undefined {
  return mcpReq.requestState<Question>();
}

/** Returns the user's answer; null when the dialog was closed, or declined by a host without a person. */
export function answerOf<Form extends z.ZodType>({ mcpReq }: ServerContext, form: Form): z.output<Form> | null {
  const response = inputResponse(mcpReq.inputResponses, KEY);
  if (response.kind !== 'elicit' || response.action !== 'accept') return null;
  const content = form.safeParse(response.content);
  return content.success ? content.data : null;
}

/** True when the client of this call can show a form to its user. */
export function canAsk(server: McpServer, { mcpReq }: ServerContext): boolean {
  const envelope = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  // In the 2026 protocol every request has the client's capabilities; before, the handshake had them.
  // oxlint-disable-next-line typescript/no-deprecated -- the only access to the handshake
  const declared = envelope ? envelope[CLIENT_CAPABILITIES_META_KEY] : server.server.getClientCapabilities();
  const { elicitation } = (declared ?? {}) as ClientCapabilities;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/**
 * True when a dialog is known to be answered by a person: over stdio, where the host is a program of the user. Over HTTP the
 * holder of the token answers, and a token is never a person.
 */
export function isAnsweredByPerson({ http }: ServerContext): boolean {
  return http === undefined;
}

/** Converts a text from outside for a dialog: unseen characters are shown by their code. */
export function plain(text: string): string {
  return showUnseen(text);
}
