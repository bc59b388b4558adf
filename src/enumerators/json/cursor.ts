/** White space within a line. */
export const SPACE = /[ \t\r]+/y;
export const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
export const LONGEST_ESCAPE = 6;
/** Characters of numbers and names. */
export const WORD_RUN = /[-+.\w]+/y;
/** Valid numbers and names. */
export const WORD = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

/** Position in streamed text: the unread rest, and the line and column. */
export class TextCursor {
  protected text = '';
  protected at = 0;
  protected line = 1;
  /** Characters before `text`, and before the current line. */
  private before = 0;
  private beforeLine = 0;

  /** Appends a piece of text. */
  protected append(piece: string): void {
    this.before += this.at;
    this.text = this.text.slice(this.at) + piece;
    this.at = 0;
  }

  /** Advances over a line feed. */
  protected passLine(): void {
    this.at++;
    this.line++;
    this.beforeLine = this.before + this.at;
  }

  /** Checks whether a sticky expression matches here; advances over the match. */
  protected matches(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    if (!expression.test(this.text)) return false;
    this.at = expression.lastIndex;
    return true;
  }

  /** Current column, from 1, in UTF-16 units. */
  protected column(): number {
    return this.before + this.at - this.beforeLine + 1;
  }
}
