/** Browsers lay out nothing taller than some 17 to 33 million pixels: from here on the scroll bar is a scale. */
const MAX_HEIGHT = 12_000_000;
/** Rows kept above and below what is seen. */
const MARGIN = 8;

/** Which rows of a long table are to be drawn, and where. */
export interface RowWindow {
  readonly first: number;
  readonly count: number;
  /** Height of all rows as the scroll bar sees it. */
  readonly height: number;
  /** Where the first drawn row stands. */
  readonly top: number;
}

/** The rule: rows in sight and some more, whatever the scale of the scroll bar. */
export function rowWindow(total: number, rowHeight: number, scrollTop: number, viewHeight: number): RowWindow {
  const whole = total * rowHeight;
  const height = Math.min(whole, MAX_HEIGHT);
  const scale = height > viewHeight ? Math.max(0, whole - viewHeight) / (height - viewHeight) : 1;
  const offset = scrollTop * scale;
  const first = Math.max(0, Math.min(total - 1, Math.floor(offset / rowHeight) - MARGIN));
  const count = Math.min(total - first, Math.ceil(viewHeight / rowHeight) + 2 * MARGIN);
  return { first, count: Math.max(0, count), height, top: scrollTop - (offset - first * rowHeight) };
}

/** Where to scroll to so that a row is in sight. */
export function scrollTopOf(row: number, total: number, rowHeight: number, viewHeight: number): number {
  const whole = total * rowHeight;
  const height = Math.min(whole, MAX_HEIGHT);
  const scale = height > viewHeight ? Math.max(1, whole - viewHeight) / (height - viewHeight) : 1;
  return (row * rowHeight) / scale;
}
