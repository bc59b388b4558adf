/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line with its axis titles; `bound` is drawn across. */
export interface LinePlot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly bound: number;
  readonly points: readonly Point[];
}

const SIZE = { width: 720, height: 300 } as const;
const MARGIN = { left: 56, right: 16, top: 36, bottom: 44 } as const;

/** Renders the line as an SVG for light and dark backgrounds. */
export function linePlot({ title, x, y, bound, points }: LinePlot): string {
  const maxX = Math.max(...points.map((point) => point.x), 1);
  const maxY = Math.max(...points.map((point) => point.y), bound) * 1.1;
  const atX = (value: number) => MARGIN.left + (value / maxX) * (SIZE.width - MARGIN.left - MARGIN.right);
  const atY = (value: number) =>
    SIZE.height - MARGIN.bottom - (value / maxY) * (SIZE.height - MARGIN.top - MARGIN.bottom);
  const line = points.map((point) => `${atX(point.x).toFixed(1)},${atY(point.y).toFixed(1)}`).join(' ');
  const right = SIZE.width - MARGIN.right;
  const label = (px: number, py: number, anchor: string, text: string) =>
    `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" text-anchor="${anchor}">${text}</text>`;
  const rows = [0, 50, 100, bound].map((value) => [
    `<line x1="${MARGIN.left}" x2="${right}" y1="${atY(value).toFixed(1)}" y2="${atY(value).toFixed(1)}" class="${value === bound ? 'bound' : 'grid'}"/>`,
    label(MARGIN.left - 8, atY(value) + 4, 'end', String(value)),
  ]);
  const columns = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    label(
      atX(maxX * share),
      SIZE.height - MARGIN.bottom + 18,
      share === 1 ? 'end' : 'middle',
      Math.round(maxX * share).toLocaleString('en-US'),
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${title}">
<style>text{font:12px sans-serif;fill:#777}.grid{stroke:#7774}.bound{stroke:#c44;stroke-dasharray:6 4}polyline{fill:none;stroke:#27c;stroke-width:1.5}</style>
${label(MARGIN.left, 20, 'start', `${title} (${y}; dashed: the budget)`)}
${rows.flat().join('\n')}
${columns.join('\n')}
${label((MARGIN.left + right) / 2, SIZE.height - 8, 'middle', x)}
<polyline points="${line}"/>
</svg>
`;
}
