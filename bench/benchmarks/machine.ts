import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark } from '../harness/benchmark.ts';
import { YARDSTICK } from '../harness/budgets.ts';
import { seconds } from '../harness/peer.ts';

const ROUNDS = { check: 3, full: 5, large: 5 } as const;
const NODE_STARTS = 10;
const SYNCS = 500;
const SPAWNS = 200;
const DIRECTORIES = 500;
const FILES_EACH = 5;

/** Limits of this machine, which bound everything else, measured in the same run. */
export const machine: Benchmark = {
  name: 'machine',
  what: 'what bounds the rest: syncs, process starts and new files a second',
  async run({ directory, size, record }) {
    // The first one reads Node from the disk.
    const starts = Array.from({ length: NODE_STARTS + 1 }, () => seconds(process.execPath, ['-e', '0']) * 1000);
    record({ id: YARDSTICK.id, what: 'start of an empty Node program', measure: 'ms', runs: starts.slice(1) });
    const rates = { syncs: [] as number[], shell: [] as number[], node: [] as number[], files: [] as number[] };
    const loop = join(directory, 'loop.sh');
    writeFileSync(loop, `i=0\nwhile [ $i -lt ${SPAWNS} ]; do /bin/true; i=$((i + 1)); done\n`);
    for (let round = 0; round < ROUNDS[size]; round++) {
      rates.syncs.push(SYNCS / timed(() => sync(join(directory, `sync-${round}`))));
      rates.shell.push(SPAWNS / seconds('sh', [loop]));
      const started = performance.now();
      for (let n = 0; n < SPAWNS; n++) await runTrue();
      rates.node.push((SPAWNS * 1000) / (performance.now() - started));
      rates.files.push((DIRECTORIES * FILES_EACH) / timed(() => makeFiles(join(directory, `files-${round}`))));
    }
    const figure = (id: string, what: string, runs: readonly number[]) =>
      record({ id: `machine.${id}`, what, measure: 'per second', runs });
    figure('syncs_per_second', 'appends of 4 kB that are synced to the disk', rates.syncs);
    figure('spawns_per_second_sh', 'starts of /bin/true, one after the other, from a shell', rates.shell);
    figure('spawns_per_second_node', 'the same from Node', rates.node);
    figure('files_per_second', `new empty files, ${FILES_EACH} to a new directory`, rates.files);
  },
};

function timed(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

function sync(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096);
  for (let n = 0; n < SYNCS; n++) {
    writeSync(file, block);
    fdatasyncSync(file);
  }
  closeSync(file);
}

function makeFiles(base: string): void {
  for (let n = 0; n < DIRECTORIES; n++) {
    const folder = join(base, String(n));
    mkdirSync(folder, { recursive: true });
    for (let file = 0; file < FILES_EACH; file++) closeSync(openSync(join(folder, String(file)), 'wx'));
  }
}

function runTrue(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/true', { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}
