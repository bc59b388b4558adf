import { systemClock } from '../../src/clock.ts';
import { openStore } from '../../src/repository/index.ts';

/**
 * Another process of the same store: writes and reads every few milliseconds until its stdin ends, then prints the
 * waiting time of each write and the duration of each read as JSON, ms.
 */
const [path = ''] = process.argv.slice(2);
const { repository } = openStore(path, systemClock);
const waits = { write: [] as number[], read: [] as number[] };
const EVERY_MS = 7;

async function look(): Promise<void> {
  const started = performance.now();
  await repository.transaction('store', async (tx) => tx.quotas.open('nobody'));
  const written = performance.now();
  await repository.jobs.list({ statuses: ['enumerating', 'running'], limit: 10 });
  waits.write.push(written - started);
  waits.read.push(performance.now() - written);
}

const timer = setInterval(() => void look(), EVERY_MS);

process.stdin.resume().once('end', () => {
  clearInterval(timer);
  repository.close();
  process.stdout.write(JSON.stringify(waits));
});
process.stdout.write('\n');
