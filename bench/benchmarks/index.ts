import type { Benchmark } from '../harness/benchmark.ts';
import { create } from './create.ts';
import { dashboard } from './dashboard.ts';
import { efficiency } from './efficiency.ts';
import { exporting } from './export.ts';
import { machine } from './machine.ts';
import { memory } from './memory.ts';
import { overhead } from './overhead.ts';
import { recovery } from './recovery.ts';
import { redaction } from './redact.ts';
import { server } from './server.ts';
import { status } from './status.ts';
import { workerCost } from './worker-cost.ts';

/** All benchmarks, in the order in which they run. A new one needs its file and one line here. */
export const BENCHMARKS: readonly Benchmark[] = [
  machine,
  overhead,
  efficiency,
  memory,
  create,
  status,
  recovery,
  exporting,
  redaction,
  server,
  workerCost,
  dashboard,
];
