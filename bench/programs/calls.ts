import { createInterface } from 'node:readline';
import v8 from 'node:v8';
import { toAbpError } from '../../src/domain/error.ts';
import { hintText } from '../../src/domain/hint.ts';
import { wire } from '../../src/wire.ts';

/**
 * A caller for benchmarks: one JSON line a call, `{ id, name, input }`, answered by `{ id, output, ms }` or `{ id, error }`.
 * `ms` is the time of the call itself. Like every caller it only translates; the store is ABP_STORAGE_PATH's.
 */
// As the bin does for itself.
v8.setFlagsFromString('--semi-space-growth-factor=1');
const abp = wire();
const call = {
  interface: 'cli',
  workingDirectory: process.cwd(),
  human: 'cli',
  maxWaitMs: Number.POSITIVE_INFINITY,
} as const;

async function answerTo(line: string): Promise<void> {
  const { id, name, input } = JSON.parse(line) as { id: number; name: string; input: unknown };
  const started = performance.now();
  const answer = await abp.orchestrator.callUnknown(name, input, call).then(
    (output) => ({ id, output, ms: performance.now() - started }),
    (error: unknown) => {
      const { code, message, hint } = toAbpError(error);
      return { id, error: [code, message, hintText(hint)].join(' | ') };
    },
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => void answerTo(line));
process.stdin.once('end', () => {
  abp.close();
  process.exit(0);
});
