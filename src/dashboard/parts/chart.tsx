import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../theme.ts';

/** A line of a chart. `color` is the name of a CSS variable. */
export interface Line {
  readonly label: string;
  readonly color: string;
  readonly values: readonly number[];
  readonly fill?: boolean;
}

/** Line chart over time. `summary` describes it for screen readers. */
export function Chart({
  times,
  lines,
  format,
  summary,
}: {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly summary: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const { isDark } = useTheme();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const data = [times, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;
    const plot = new uPlot(optionsFor(element, lines, format, isDark), data, element);
    const resized = new ResizeObserver(() => plot.setSize(sizeOf(element)));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [times, lines, format, isDark]);
  return <div ref={box} className="chart" role="img" aria-label={summary} />;
}

function sizeOf(element: HTMLElement) {
  return { width: Math.max(200, element.clientWidth), height: Math.max(120, element.clientHeight) };
}

function optionsFor(
  element: HTMLElement,
  lines: readonly Line[],
  format: (value: number) => string,
  isDark: boolean,
): uPlot.Options {
  const color = (name: string) => resolve(element, name);
  const axis = { stroke: color('--muted'), font: '11px system-ui', ticks: { show: false } };
  return {
    ...sizeOf(element),
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    padding: [8, 18, 0, 0],
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 28, values: (_plot, ticks) => labels(ticks) },
      {
        ...axis,
        size: 56,
        grid: { stroke: isDark ? '#2b2e33' : '#ececea', width: 1 },
        values: (_plot, ticks) => ticks.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name, fill }) => ({
        label,
        stroke: color(name),
        width: 1.75,
        points: { show: false },
        ...(fill ? { fill: faint(color(name)) } : {}),
      })),
    ],
  };
}

/** Labels ticks with times, or with days if they span several days; omits a label equal to the one before. */
function labels(ticks: readonly number[]): string[] {
  const days = new Set(ticks.map((at) => new Date(at * 1000).toDateString())).size > 2;
  const seconds = (ticks[1] ?? 60) - (ticks[0] ?? 0) < 60;
  const format = new Intl.DateTimeFormat(undefined, {
    ...(days ? { day: 'numeric', month: 'short' } : {}),
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
  });
  const texts = ticks.map((at) => format.format(at * 1000));
  return texts.map((text, at) => (text === texts[at - 1] ? '' : text));
}

/** Resolves a CSS variable to a colour: a canvas supports neither variables nor light-dark(). */
function resolve(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function faint(rgb: string): string {
  return rgb.replace('rgb(', 'rgba(').replace(')', ', 0.12)');
}
