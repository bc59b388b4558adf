/** Splits streamed text into lines, in time linear in the text however long a line is. */
export interface LineCutter {
  /** The lines that end in this piece, without their line feeds. */
  push(piece: string): string[];
  /** What follows the last line feed. */
  rest(): string;
}

/** Creates a line cutter for one text. */
export function lineCutter(): LineCutter {
  let rest = '';
  return {
    push(piece) {
      const lines = piece.split('\n');
      const last = lines.pop() ?? '';
      // String concatenation copies nothing until the result is read: only whole lines are.
      if (lines.length === 0) rest += last;
      else {
        lines[0] = rest + lines[0];
        rest = last;
      }
      return lines;
    },
    rest: () => rest,
  };
}
