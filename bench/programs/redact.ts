import { redact } from '../../src/domain/redact.ts';
import { hostileTexts } from '../../test/domain/redact/hostile.ts';

/**
 * Redacts a hex dump and every hostile text of the tests, of so many characters: `redact HEX HOSTILE`. Prints as JSON the ms
 * of each in its slower profile.
 */
const [hex = 0, hostile = 0] = process.argv.slice(2).map(Number);
// Patterns are compiled after a few uses.
for (const text of Object.values(hostileTexts(10_000))) for (let n = 0; n < 3; n++) timeOf(text);
const hexMs = timeOf('de-ad-be-ef-'.repeat(hex / 12));
const hostileMs = Object.values(hostileTexts(hostile)).map(timeOf);
process.stdout.write(JSON.stringify({ hexMs, hostileMs }));

function timeOf(text: string): number {
  const runs = (['results', 'logs'] as const).map((profile) => {
    const started = performance.now();
    redact(text, profile);
    return performance.now() - started;
  });
  return Math.max(...runs);
}
