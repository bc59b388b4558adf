// biome-ignore lint/suspicious/noExplicitAny: answers are looked at by their fields in tests
export type Answer = any;

/** A call of one of our tools, by the tool's own name. */
export type Call = readonly [tool: string, input: Record<string, unknown>];

/** A move of an assistant: what it says and the tool it calls, from the answers so far (the newest first). Without a call it ends. */
export type Move = (answers: readonly Answer[]) => {
  readonly say?: string;
  readonly call?: Call;
  /** Makes the same move again after the next answer. */
  readonly again?: boolean;
};

/** Makes the moves one after the other. */
export function player(moves: readonly Move[]): (answers: readonly Answer[]) => ReturnType<Move> {
  let next = 0;
  return (answers) => {
    const made = moves[next]?.(answers) ?? { say: 'Done.' };
    if (!made.again) next++;
    return made;
  };
}

/** An answer as the model sees it: JSON where it is some. */
export function parseAnswer(text: string): Answer {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
