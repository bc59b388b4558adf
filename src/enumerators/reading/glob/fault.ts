/** Fault of a glob: what is wrong and what to write instead, with its position in the word (from 0) if known. */
export class GlobFault extends Error {
  override readonly name = 'GlobFault';
  readonly at: number | undefined;

  constructor(message: string, at?: number) {
    super(message);
    this.at = at;
  }
}
