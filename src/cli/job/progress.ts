import { stripVTControlCharacters } from 'node:util';
import { unitsDone } from '../../domain/unit.ts';
import { printable, type Terminal } from '../terminal.ts';
import { type Overview, progressLine, slotLines, statusWord } from './status-text.ts';

/** Shows how a job is doing until it is told to stop. */
export interface ProgressView {
  show(job: Overview, note: string | undefined, legend: string): void;
  /** Takes the moving part away; what was printed stays. */
  end(): void;
}

const BAR_WIDTH = 30;
/** Without a terminal a line now and then is enough, and one whenever the status changes. */
const LINE_EVERY_MS = 5000;

/** The view that fits this terminal: a picture that is redrawn, or plain lines. */
export function createProgressView(terminal: Terminal): ProgressView {
  return terminal.interactive ? redrawn(terminal) : lines(terminal);
}

function lines({ human, colors, safe }: Terminal): ProgressView {
  let said = '';
  let saidAt = 0;
  return {
    show(job) {
      const state = `${job.status} ${job.pause_reason ?? ''} ${job.executor.state === 'lost'}`;
      const now = performance.now();
      if (state === said && now - saidAt < LINE_EVERY_MS) return;
      said = state;
      saidAt = now;
      human.write(`${safe(`${headline(job, colors)}: ${progressLine(job)}`)}\n`);
    },
    end: () => undefined,
  };
}

/** What fits the terminal, so that the number of its lines is known: nothing is wrapped, wide characters are cut by itself. */
function redrawn({ human, colors, safe }: Terminal): ProgressView {
  let drawn = 0;
  const erase = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '');
  return {
    show(job, note, legend) {
      const columns = human.columns || 80;
      const within = (text: string) => (text.length > columns ? `${text.slice(0, columns - 1)}…` : text);
      const state = `${headline(job, colors)}  ${bar(job, colors)}`;
      const besides = columns - stripVTControlCharacters(state).length - 2;
      const progress = progressLine(job);
      const above = progress.length <= besides ? [`${state}  ${progress}`] : [state, ...folded(progress, columns)];
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

/** Text in lines of at most so many columns, broken where it has spaces. */
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

/** As many lines as there is room for; the last one says how many more there are. */
function first(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  return room < 1 ? [] : [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more at work`];
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
