import { unitsDone } from '../../domain/unit.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import { duration, money } from '../format.ts';
import { inCommands } from '../hint-words.ts';
import { type Colors, printable } from '../terminal.ts';

/** The status document of a job, as --json prints it. */
export type Status = OutputOf<'get_job_status'>;
/** The status with all that a screen shows. */
export type Overview = OutputOf<'job_overview'>;

/** The overview, and whether the job must be allowed first and there is no terminal to ask on. */
export type Shown = Overview & { readonly must_allow: boolean };

/** One line of progress: `12 of 56 done, 2 failed, 4 running, …`. */
export function progressLine({ units, progress, slots, cost_usd }: Overview): string {
  const done = unitsDone(units);
  const parts = [
    `${done} of ${units.total} done`,
    ...(units.failed > 0 ? [`${units.failed} failed`] : []),
    ...(units.running > 0 ? [`${units.running} running`] : []),
    ...(progress?.per_minute ? [`${progress.per_minute}/min`] : []),
    ...(progress?.eta_s ? [`about ${duration(progress.eta_s)} left`] : []),
    ...(cost_usd > 0 ? [money(cost_usd)] : []),
    ...slots.flatMap(({ scope, step }) => (scope === 'job' && step ? [`step ${step}`] : [])),
  ];
  return parts.join(', ');
}

/** One line for each slot: its unit, time, latest activity. */
export function slotLines({ slots }: Overview): string[] {
  return slots.map(({ unit, key, scope, step: at, attempt, seconds, latest }) => {
    const name = [...(scope === 'job' ? [] : [unit, printable(key)]), ...(at ? [at] : [])].join(' ');
    const again = attempt > 1 ? `, attempt ${attempt}` : '';
    const step = latest ? `  ${printable([latest.tool, latest.text].filter(Boolean).join(' '))}` : '';
    return `${name}  ${duration(seconds)}${again}${step}`;
  });
}

/** The status in one or two words, coloured by its meaning. */
export function statusWord(status: Pick<Status, 'status' | 'pause_reason'>, colors: Colors): string {
  const word = status.pause_reason ? `${status.status} (${status.pause_reason})` : status.status;
  const color = COLOR_OF[status.status];
  return color ? colors[color](word) : word;
}

const COLOR_OF: Readonly<Record<string, 'cyan' | 'yellow' | 'green' | 'red' | 'dim'>> = {
  enumerating: 'cyan',
  running: 'cyan',
  testing: 'cyan',
  paused: 'yellow',
  completed: 'green',
  failed: 'red',
  cancelled: 'dim',
};

/** Lines with the failures by cause, an example of each and what to do. */
export function failureLines({ job_id, must_allow, clusters, clusters_left_out }: Shown, colors: Colors): string[] {
  return [
    ...clusters.flatMap(({ class: name, count, example, advice }) => [
      `${colors.red(`${count} × ${name}`)}, for example unit ${example.unit}: ${printable(example.message)}`,
      colors.dim(`  ${inCommands(advice, job_id, must_allow)}`),
    ]),
    ...(clusters_left_out > 0 ? [colors.dim(`and ${clusters_left_out} more failed units`)] : []),
  ];
}
