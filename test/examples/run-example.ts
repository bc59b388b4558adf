import { spawn } from 'node:child_process';
import { cp, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { type Batch, readBatchFile } from '../../src/cli/batch-file/read.ts';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { openSource } from '../../src/enumerators/index.ts';
import { exportUnits } from '../../src/export/index.ts';
import type { ExportRow } from '../../src/export/row.ts';
import type { EnumeratedItem } from '../../src/ports/enumerator.ts';
import { synthesizeJobStep } from '../../src/prompt/synthesizer.ts';
import { callWithoutStore } from '../helpers/without-store.ts';

export const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** What the offline worker of an example made of its input. */
export interface ExampleRun {
  readonly batch: Batch;
  /** In the order of the source. */
  readonly results: readonly { readonly key: string; readonly result: Json }[];
  /** The copy of the example that it ran in. */
  readonly folder: string;
}

/** Names of all examples. */
export async function exampleNames(): Promise<readonly string[]> {
  const entries = await readdir(EXAMPLES, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Runs an example's worker once for every item of its source, then for its steps of scope job, in a copy below `scratch`. */
export async function runExample(name: string, scratch: string): Promise<ExampleRun> {
  const folder = path.join(scratch, name);
  await cp(path.join(EXAMPLES, name), folder, { recursive: true });
  const batch = await readBatchFile(path.join(folder, 'batch.yaml'), {
    set: [],
    environment: {},
    call: callWithoutStore,
  });
  const limit = pLimit(4);
  const items = await itemsOf(batch);
  const results = await Promise.all(
    items.map(({ key, payload }, index) =>
      limit(async () => ({ key: key ?? String(index), payload, result: await runWorker(batch, payload) })),
    ),
  );
  await runJobStep(batch, results);
  return { batch, results: results.map(({ key, result }) => ({ key, result })), folder };
}

async function itemsOf({ create, directory }: Batch): Promise<readonly EnumeratedItem[]> {
  const context = { workingDirectory: directory };
  const { enumerator, config } = await openSource(create.source, context);
  const items: EnumeratedItem[] = [];
  for await (const item of enumerator.enumerate(config, context)) items.push(item);
  return items;
}

async function runJobStep(
  batch: Batch,
  results: readonly { key: string; payload: JsonObject; result: Json }[],
): Promise<void> {
  const [step] = batch.create.steps ?? [];
  if (step === undefined) return;
  const outputDirectory = path.join(outputOf(batch), step.name);
  await synthesizeJobStep({ userIntent: step.intent ?? '', outputDirectory });
  const rows = results.map(({ key, payload, result }, unit): ExportRow => {
    const nothing = { failure_class: null, failure_message: null, cost_usd: null, duration_ms: null };
    return { unit, key, status: 'completed', payload, result, artifacts: [], attempts: 1, ...nothing };
  });
  const file = path.join(outputDirectory, 'results.jsonl');
  await exportUnits('jsonl', () => rows, file);
  await runWorker(batch, { results_path: file, units_total: rows.length }, outputDirectory);
}

function outputOf({ create, directory }: Batch): string {
  return path.resolve(directory, create.output?.directory ?? 'output');
}

async function runWorker(batch: Batch, payload: JsonObject, output = outputOf(batch)): Promise<Json> {
  const { create, directory } = batch;
  const { command } = create.worker as unknown as { command: readonly [string, ...string[]] };
  const [, ...args] = command;
  await mkdir(output, { recursive: true });
  const child = spawn(process.execPath, args, { cwd: directory, env: { ABP_OUTPUT_DIR: output } });
  child.stdin.end(JSON.stringify({ prompt: '', payload, job_id: 'job-x', unit: 0, attempt: 1 }));
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${JSON.stringify(payload)}: exit ${code}: ${said}`);
  return JSON.parse(out) as Json;
}
