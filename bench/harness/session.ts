import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Benchmark, Figure, Size } from './benchmark.ts';
import { install, installDashboard } from './installation.ts';
import { describeMachine } from './machine.ts';
import { showFigure } from './report.ts';
import type { Measured, Results } from './results.ts';

/** Programs of the benchmarks, by their name in the installation. */
const PROGRAMS = Object.fromEntries(
  ['calls', 'enumerate', 'neighbour', 'redact'].map((name) => [name, `bench/programs/${name}.ts`]),
);

/** Progress goes to stderr: stdout is for JSON. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs benchmarks one after the other, each in its own temporary directory. Nothing is deleted before all of them have
 * run: after a mass deletion ext4 is slow to create files for minutes (it avoids inodes that were just freed).
 */
export async function runAll(benchmarks: readonly Benchmark[], size: Size, keepIn: string | null): Promise<Results> {
  const root = mkdtempSync(join(tmpdir(), 'abp-bench-'));
  try {
    const installation = install(join(root, 'installation'), PROGRAMS);
    installDashboard(installation);
    const measured: Record<string, Measured> = {};
    for (const benchmark of benchmarks) {
      const directory = join(root, benchmark.name);
      mkdirSync(directory);
      say(`\n${benchmark.name}: ${benchmark.what}`);
      const figures: Figure[] = [];
      const skipped: Record<string, string> = {};
      const bench: Bench = {
        directory,
        size,
        installation,
        record(figure) {
          figures.push(figure);
          say(`  ${figure.what}: ${showFigure(figure)}`);
        },
        skip(ids, why) {
          for (const id of ids) skipped[id] = why;
          say(`  not measured: ${ids.join(', ')}: ${why}`);
        },
        keep(name, text) {
          if (keepIn !== null) writeFileSync(join(keepIn, name), text);
        },
      };
      const started = performance.now();
      // A benchmark that fails does not stop the others; its budgets count as not measured and the run fails.
      const error = await benchmark.run(bench).then(
        () => null,
        (reason: unknown) => String(reason instanceof Error ? reason.stack : reason),
      );
      if (error !== null) say(`  failed: ${error}`);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      measured[benchmark.name] = { date: new Date().toISOString(), seconds, figures, skipped, error };
      say(`  (${seconds} s)`);
    }
    return { machine: describeMachine(), benchmarks: measured };
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}
