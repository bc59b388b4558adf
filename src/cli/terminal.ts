import { createInterface } from 'node:readline/promises';
import { PassThrough } from 'node:stream';
import { isatty } from 'node:tty';
import pc from 'picocolors';
import { escapeUnseen, showUnseen } from '../domain/unseen-characters.ts';
import { interrupted } from './exit-codes.ts';
import { CTRL_C, openKeyboard } from './keyboard.ts';

export type Colors = ReturnType<typeof pc.createColors>;

/** The streams of this process, as commands use them. */
export interface Terminal {
  /** For people: stdout, or stderr where stdout is kept for the JSON document. Text goes to it through `safe`. */
  readonly human: NodeJS.WriteStream;
  readonly colors: Colors;
  /** Whether a person sits here: questions can be asked, keys are read, lines may be redrawn. */
  readonly interactive: boolean;
  /** The answer to a question. Throws AbpError `cancelled` on Ctrl-C and Ctrl-D. */
  ask(question: string): Promise<string>;
  /** Text as it may be printed: whatever it holds, nothing of it drives the terminal but colours of our own. */
  safe(text: string): string;
}

/** The terminal of this process; with `json`, stdout is not for people. */
export function createTerminal(json: boolean, environment: Readonly<Record<string, string | undefined>>): Terminal {
  const human = json ? process.stderr : process.stdout;
  const colored = wantsColor(human, environment);
  const safe = (text: string) => (colored ? safeInColor(text) : printable(text, true));
  return {
    human,
    colors: pc.createColors(colored),
    interactive: isatty(0) && isatty(human.fd) && environment.TERM !== 'dumb',
    ask: (question) => ask(safe(question), human),
    safe,
  };
}

/** What `Colors` writes for bold, dim and the colours that commands use: none of it hides text or moves it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
const OWN_COLORS = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

function safeInColor(text: string): string {
  return text
    .split(OWN_COLORS)
    .map((part) => (OWN_COLORS.test(part) ? part : printable(part, true)))
    .join('');
}

/** https://no-color.org: any value that is not empty switches colours off. */
function wantsColor(
  { fd }: { readonly fd: number },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return isatty(fd) && environment.TERM !== 'dumb';
}

/** Enter, and a line break that was pasted. */
const ENDS_OF_LINES: readonly number[] = [0x0d, 0x0a];

async function ask(question: string, output: NodeJS.WriteStream): Promise<string> {
  const gone = new AbortController();
  const typed = new PassThrough();
  // What is typed after the answer, or after Ctrl-C, is for whoever reads next.
  const keyboard = openKeyboard((key) => {
    typed.write(Buffer.of(key));
    return key !== CTRL_C && !ENDS_OF_LINES.includes(key);
  });
  const lines = createInterface({ input: typed, output, terminal: true });
  lines.on('SIGINT', () => gone.abort());
  lines.on('close', () => gone.abort());
  try {
    return (await lines.question(question, { signal: gone.signal })).trim();
  } catch (cause) {
    output.write('\n');
    throw interrupted('No answer was given.', cause);
  } finally {
    lines.close();
    keyboard.close();
  }
}

/** The one JSON document of a command that was asked for it. What is not seen stands in it as an escape of JSON. */
export function writeDocument(document: object): void {
  process.stdout.write(`${escapeUnseen(JSON.stringify(document, null, 2))}\n`);
}

/**
 * Text from outside, made safe to print: what is not seen, or would drive the terminal, is shown by its code. With `lines`,
 * line breaks and tabs stay; without, they are spaces.
 */
export function printable(text: string, lines = false): string {
  return showUnseen(lines ? text : text.replace(/\r?\n|\t/g, ' '));
}
