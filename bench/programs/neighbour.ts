import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { openStore } from '../../src/repository/index.ts';

/**
 * Another process of the same store: writes and reads, one after the other, with a pause of some milliseconds, until its stdin
 * ends, then prints the waiting time of each write and the duration of each read as JSON, ms.
 */
const [path = ''] = process.argv.slice(2);
const { repository } = openStore(path, systemClock);
const waits = { write: [] as number[], read: [] as number[] };
const PAUSE_MS = 7;

async function look(): Promise<void> {
  const started = performance.now();
  await repository.transaction('store', async (tx) => tx.quotas.open('nobody'));
  const written = performance.now();
  await repository.jobs.list({ statuses: ['enumerating', 'running'], limit: 10 });
  waits.write.push(written - started);
  waits.read.push(performance.now() - written);
}

let ended = false;
process.stdin.resume().once('end', () => {
  ended = true;
});
process.stdout.write('\n');
while (!ended) {
  await look();
  await sleep(PAUSE_MS);
}
repository.close();
process.stdout.write(JSON.stringify(waits));
