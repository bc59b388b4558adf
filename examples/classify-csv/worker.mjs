// The offline worker of this example: labels a message by the words it contains, with no model and no network.
import { text as readAll } from 'node:stream/consumers';
import { CUES, STOP_WORDS } from './cues.mjs';

try {
  const { payload } = JSON.parse(await readAll(process.stdin));
  process.stdout.write(`${JSON.stringify(classify(payload.text))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function classify(text) {
  const said = text.toLowerCase();
  const topic = best(CUES.topic, said) ?? 'other';
  const mood = score(CUES.sentiment.positive, said) - score(CUES.sentiment.negative, said);
  const sentiment = mood > 0 ? 'positive' : mood < 0 ? 'negative' : 'neutral';
  const urgent = score(CUES.urgent, said);
  const urgency = urgent >= 2 ? 'high' : urgent === 1 || sentiment === 'negative' ? 'normal' : 'low';
  return {
    topic,
    sentiment,
    urgency,
    language: language(said),
    order: /\b(20\d{3})\b/.exec(text)?.[1] ?? null,
    needs_person: urgency === 'high' || topic === 'safety' || topic === 'spam',
  };
}

/** The label whose cues weigh most; the first one of the table where two are equal. */
function best(labels, said) {
  const scored = Object.entries(labels).map(([label, cues]) => [label, score(cues, said)]);
  const [top] = scored.sort((a, b) => b[1] - a[1]);
  return top[1] > 0 ? top[0] : null;
}

function score(cues, said) {
  return cues.reduce((sum, { pattern, weight = 1 }) => sum + (pattern.test(said) ? weight : 0), 0);
}

function language(said) {
  const words = said.match(/\p{L}+/gu) ?? [];
  const counts = Object.entries(STOP_WORDS).map(([code, stop]) => [
    code,
    words.filter((word) => stop.has(word)).length,
  ]);
  const [top] = counts.sort((a, b) => b[1] - a[1]);
  return top[1] > 0 ? top[0] : 'en';
}
