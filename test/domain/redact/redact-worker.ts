import { parentPort, workerData } from 'node:worker_threads';
import { redact } from '../../../src/domain/redact.ts';
import { hostileTexts } from './hostile.ts';

/** Redacts every hostile text of so many characters in both profiles; reports each step before it starts. */
for (const [name, text] of Object.entries(hostileTexts(workerData as number))) {
  for (const profile of ['results', 'logs'] as const) {
    parentPort?.postMessage({ name, profile });
    redact(text, profile);
  }
}
parentPort?.postMessage('done');
