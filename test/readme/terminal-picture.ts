/** A line of a terminal with what styles it: text and SGR sequences. */
type Line = string;

const ESCAPE = '\u001b';
const FRAME_END = `${ESCAPE}[?7h`;
/** What begins a line again: abp itself, and readline before a question. */
const LINE_ANEW = ['\r', `${ESCAPE}[K`, `${ESCAPE}[1G`];

/**
 * What a terminal shows in the end, of the few sequences that abp uses. Of the picture that is redrawn while a job runs,
 * the one nearest to the middle of the job is kept in its place.
 */
export function replay(recorded: string, columns: number): readonly Line[] {
  const lines: string[] = [''];
  const frames: { readonly at: number; readonly picture: readonly Line[] }[] = [];
  let begun = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with one
  for (const [token] of recorded.matchAll(/\u001b\[[?\d;]*[A-Za-z]|\r*\n|\r|[^\u001b\r\n]+/g)) {
    if (token === `${ESCAPE}[?7l`) begun = lines.length - 1;
    else if (token === FRAME_END) frames.push({ at: begun, picture: lines.slice(begun, -1) });
    else if (token.startsWith(ESCAPE) && token.endsWith('A')) {
      begun = lines.length - 1 - Number.parseInt(token.slice(2), 10);
      lines.length = begun + 1;
      lines[begun] = '';
    } else if (token.endsWith('\n')) lines.push('');
    else if (LINE_ANEW.includes(token)) lines[lines.length - 1] = '';
    else if (token.endsWith('m') || !token.startsWith(ESCAPE)) lines[lines.length - 1] += token;
  }
  const running = frames.filter(({ picture }) => /at work/.test(picture[0] ?? '') && /█.*▒/.test(picture[0] ?? ''));
  const kept = running[Math.floor(running.length / 2)];
  const wrapped = (some: readonly Line[]) => some.flatMap((line) => wrap(line, columns));
  const shown = kept
    ? [...wrapped(lines.slice(0, kept.at)), ...kept.picture, '', ...wrapped(lines.slice(kept.at))]
    : lines;
  return shown.join('\n').trimEnd().split('\n');
}

/** A line as a terminal breaks it; one that is styled is never that long. */
function wrap(line: Line, columns: number): readonly Line[] {
  if (line.length <= columns || line.includes(ESCAPE)) return [line];
  return [line.slice(0, columns), ...wrap(line.slice(columns), columns)];
}

const CHAR = 8.4;
const LINE = 19;
const MARGIN = 18;
const COLORS: Readonly<Record<string, string>> = {
  '31': '#ff7b72',
  '32': '#7ee787',
  '33': '#e3b341',
  '36': '#79c0ff',
};

/** An SVG of terminal lines. Every run of text stands at its own column, whatever font draws it. */
export function drawTerminal(lines: readonly Line[], columns: number): string {
  const width = Math.ceil(columns * CHAR + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const texts = lines.map((line, row) => drawLine(line, MARGIN + (row + 0.75) * LINE, columns)).filter(Boolean);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal session of abp run">
<rect width="100%" height="100%" rx="8" fill="#16181d"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#d6d8dd">
${texts.join('\n')}
</g>
</svg>
`;
}

function drawLine(line: Line, y: number, columns: number): string {
  let column = 0;
  let bold = false;
  let dim = false;
  let color = '';
  let drawn = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences begin with one
  for (const [token] of line.matchAll(/\u001b\[[\d;]*m|[^\u001b]+/g)) {
    if (token.startsWith(ESCAPE)) {
      for (const code of token.slice(2, -1).split(';')) {
        if (code === '1') bold = true;
        else if (code === '2') dim = true;
        else if (code === '22') bold = dim = false;
        else if (code === '39' || code === '0') color = '';
        else color = COLORS[code] ?? color;
      }
      continue;
    }
    const text = token.slice(0, columns - column);
    if (text.trim() !== '') {
      const style = `${bold ? ' font-weight="bold"' : ''}${dim ? ' fill-opacity="0.6"' : ''}${color ? ` fill="${color}"` : ''}`;
      drawn += `<tspan x="${(MARGIN + column * CHAR).toFixed(1)}"${style}>${escapeXml(text).replaceAll(' ', '\u00a0')}</tspan>`;
    }
    column += text.length;
  }
  return drawn && `<text y="${y.toFixed(1)}">${drawn}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
