/** Within a line. */
export const SPACE = /[ \t\r]+/y;
export const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
export const LONGEST_ESCAPE = 6;
/** What a number or a name is made of. */
export const WORD_RUN = /[-+.\w]+/y;
/** What a run may be. */
export const WORD = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

/** Where a reader stands in a text that comes in pieces: what is left of it, and the line and column of every character. */
export class TextCursor {
  protected text = '';
  protected at = 0;
  protected line = 1;
  /** Characters before `text`; how many of all came before the present line. */
  private before = 0;
  private beforeLine = 0;

  /** The text goes on. */
  protected goOn(piece: string): void {
    this.before += this.at;
    this.text = this.text.slice(this.at) + piece;
    this.at = 0;
  }

  /** Passes a line feed. */
  protected passLine(): void {
    this.at++;
    this.line++;
    this.beforeLine = this.before + this.at;
  }

  /** Whether the (sticky) expression matches here; then what it matched is read. */
  protected matches(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    if (!expression.test(this.text)) return false;
    this.at = expression.lastIndex;
    return true;
  }

  /** From 1, in UTF-16 units. */
  protected column(): number {
    return this.before + this.at - this.beforeLine + 1;
  }
}
