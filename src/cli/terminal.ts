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
  /** Whether stdin and the output are a terminal: questions can be asked, keys read, lines redrawn. */
  readonly interactive: boolean;
  /** Asks a question and returns the answer. Throws AbpError `cancelled` on Ctrl-C and Ctrl-D. */
  ask(question: string): Promise<string>;
  /** Makes text safe to print: of its control sequences only the colours of commands remain. */
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

/** Escape sequences of bold, dim and the colours that commands use: none hides or moves text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
const OWN_COLORS = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

function safeInColor(text: string): string {
  return text
    .split(OWN_COLORS)
    .map((part) => (OWN_COLORS.test(part) ? part : printable(part, true)))
    .join('');
}

/** Decides on colours; by https://no-color.org any non-empty NO_COLOR switches them off. */
function wantsColor(
  { fd }: { readonly fd: number },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return isatty(fd) && environment.TERM !== 'dumb';
}

/** Enter, and a pasted line break. */
const ENDS_OF_LINES: readonly number[] = [0x0d, 0x0a];

async function ask(question: string, output: NodeJS.WriteStream): Promise<string> {
  const gone = new AbortController();
  const typed = new PassThrough();
  // Keys after the answer, or after Ctrl-C, are left to the next reader.
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
    throw interrupted('Interrupted: the question was not answered.', cause);
  } finally {
    lines.close();
    keyboard.close();
  }
}

/** Writes the JSON document of --json to stdout, with unseen characters as JSON escapes. */
export function writeDocument(document: object): void {
  process.stdout.write(`${escapeUnseen(JSON.stringify(document, null, 2))}\n`);
}

/**
 * Makes text from outside safe to print: unseen and control characters are shown by their code. With `lines`, line breaks and
 * tabs stay; without, they become spaces.
 */
export function printable(text: string, lines = false): string {
  return showUnseen(lines ? text : text.replace(/\r?\n|\t/g, ' '));
}
