import { stripVTControlCharacters } from 'node:util';
import { unitsDone } from '../../domain/unit.ts';
import { printable, type Terminal } from '../terminal.ts';
import { type Overview, progressLine, slotLines, statusWord } from './status-text.ts';

/** Shows the progress of a job until `end`. */
export interface ProgressView {
  show(job: Overview, note: string | undefined, legend: string): void;
  /** Erases the part that is redrawn; printed lines stay. */
  end(): void;
}

const BAR_WIDTH = 30;
/** Interval of lines without a terminal; a change of status is printed at once. */
const LINE_EVERY_MS = 5000;

/** Creates the view for this terminal: a redrawn picture, or plain lines. */
export function createProgressView(terminal: Terminal): ProgressView {
  return terminal.interactive ? redrawn(terminal) : lines(terminal);
}

function lines({ human, colors, safe }: Terminal): ProgressView {
  let printed = '';
  let printedAt = 0;
  return {
    show(job) {
      const state = `${job.status} ${job.pause_reason ?? ''} ${job.executor.state === 'lost'}`;
      const now = performance.now();
      if (state === printed && now - printedAt < LINE_EVERY_MS) return;
      printed = state;
      printedAt = now;
      human.write(`${safe(`${headline(job, colors)}: ${progressLine(job)}`)}\n`);
    },
    end: () => undefined,
  };
}

/** Draws only what fits the terminal, without wrapping, so that the number of lines to erase is known. */
function redrawn({ human, colors, safe }: Terminal): ProgressView {
  let drawn = 0;
  const erase = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '');
  return {
    show(job, note, legend) {
      const columns = human.columns || 80;
      const within = (text: string) => (text.length > columns ? `${text.slice(0, columns - 1)}…` : text);
      const state = `${headline(job, colors)}  ${bar(job, colors)}`;
      const beside = columns - stripVTControlCharacters(state).length - 2;
      const progress = progressLine(job);
      const above = progress.length <= beside ? [`${state}  ${progress}`] : [state, ...folded(progress, columns)];
      const below = [
        ...(note ? folded(printable(note), columns).map((line) => colors.yellow(line)) : []),
        ...(legend ? [colors.dim(within(legend))] : []),
      ];
      const rows = Math.max(1, (human.rows || 24) - 1);
      const room = Math.max(0, rows - above.length - below.length);
      const failures = job.clusters
        .map(({ class: name, count, example }) => `  ${count} × ${name}: ${printable(example.message)}`)
        .slice(0, Math.ceil(room / 2));
      const picture = [
        ...above,
        ...first(slotLines(job), room - failures.length).map((line) => colors.dim(within(`  ${line}`))),
        ...failures.map((line) => colors.red(within(line))),
        ...below,
      ].slice(0, rows);
      human.write(`\u001b[?7l${erase()}${safe(picture.join('\n'))}\n\u001b[?7h`);
      drawn = picture.length;
    },
    end() {
      human.write(erase());
      drawn = 0;
    },
  };
}

/** Breaks text at spaces into lines of at most `columns`. */
function folded(text: string, columns: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '' || line.length + 1 + word.length <= columns)
      lines[lines.length - 1] = line ? `${line} ${word}` : word;
    else lines.push(word);
  }
  return lines;
}

/** Cuts lines to the room; the last one gives the number of the others. */
function first(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  return room < 1 ? [] : [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more running`];
}

function headline(job: Overview, colors: Terminal['colors']): string {
  return statusWord(job, colors) + (job.executor.state === 'lost' ? colors.red(' lost') : '');
}

function bar({ units }: Overview, colors: Terminal['colors']): string {
  const share = (amount: number) => Math.floor((amount / Math.max(1, units.total)) * BAR_WIDTH);
  const failed = units.failed > 0 ? Math.max(1, share(units.failed)) : 0;
  const done = Math.max(0, share(unitsDone(units)) - failed);
  const running = Math.min(units.running > 0 ? Math.max(1, share(units.running)) : 0, BAR_WIDTH - done - failed);
  return (
    colors.green('█'.repeat(done)) +
    colors.red('█'.repeat(failed)) +
    colors.cyan('▒'.repeat(running)) +
    colors.dim('░'.repeat(BAR_WIDTH - done - failed - running))
  );
}
