/** Cuts text that comes in pieces into lines; its work grows with the text alone, however long a line is. */
export interface LineCutter {
  /** The lines that end in this piece, without their line feeds. */
  push(piece: string): string[];
  /** What follows the last line feed. */
  rest(): string;
}

/** A cutter for one text. */
export function lineCutter(): LineCutter {
  let rest = '';
  return {
    push(piece) {
      const lines = piece.split('\n');
      const last = lines.pop() ?? '';
      // Joining strings copies nothing until one of them is looked at: only whole lines are.
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
