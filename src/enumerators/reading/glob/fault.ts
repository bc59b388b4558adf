/** What is wrong with a glob, and what to write instead; with the place in the word, from 0, where there is one. */
export class GlobFault extends Error {
  override readonly name = 'GlobFault';
  readonly at: number | undefined;

  constructor(message: string, at?: number) {
    super(message);
    this.at = at;
  }
}
