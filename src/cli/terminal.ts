import { createInterface } from 'node:readline/promises';
import pc from 'picocolors';
import { interrupted } from './exit-codes.ts';

export type Colors = ReturnType<typeof pc.createColors>;

/** The streams of this process, as commands use them. */
export interface Terminal {
  /** For people: stdout, or stderr where stdout is kept for the JSON document. */
  readonly human: NodeJS.WriteStream;
  readonly colors: Colors;
  /** Whether a person sits here: questions can be asked, keys are read, lines may be redrawn. */
  readonly interactive: boolean;
  /** The answer to a question. Throws AbpError `cancelled` on Ctrl-C and Ctrl-D. */
  ask(question: string): Promise<string>;
}

/** The terminal of this process; with `json`, stdout is not for people. */
export function createTerminal(json: boolean, environment: Readonly<Record<string, string | undefined>>): Terminal {
  const human = json ? process.stderr : process.stdout;
  return {
    human,
    colors: pc.createColors(wantsColor(human, environment)),
    interactive: process.stdin.isTTY === true && human.isTTY === true && environment.TERM !== 'dumb',
    ask: (question) => ask(question, human),
  };
}

/** https://no-color.org: any value that is not empty switches colours off. */
function wantsColor(stream: NodeJS.WriteStream, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return stream.isTTY === true && environment.TERM !== 'dumb';
}

async function ask(question: string, output: NodeJS.WriteStream): Promise<string> {
  const gone = new AbortController();
  const lines = createInterface({ input: process.stdin, output });
  lines.on('SIGINT', () => gone.abort());
  lines.on('close', () => gone.abort());
  try {
    return (await lines.question(question, { signal: gone.signal })).trim();
  } catch (cause) {
    output.write('\n');
    throw interrupted('No answer was given.', cause);
  } finally {
    lines.close();
  }
}

/** The one JSON document of a command that was asked for it. */
export function writeDocument(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * Text from items and agents, made safe to print: control characters (an escape could drive the terminal) and the marks
 * that reverse text become visible; with `lines`, line breaks and tabs stay.
 */
export function printable(text: string, lines = false): string {
  return text.replace(UNPRINTABLE, (char) => (lines && (char === '\n' || char === '\t') ? char : escaped(char)));
}

const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

function escaped(char: string): string {
  if (char === '\n' || char === '\r' || char === '\t') return ' ';
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
