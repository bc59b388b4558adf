import { expect, test } from 'vitest';
import { ask, choiceForm } from '../../../src/mcp/elicit.ts';
import { SEEN_TEXTS, UNSEEN_CHARACTERS } from '../../helpers/unseen.ts';

/** Texts that a host shows its user. */
async function dialog(message: string): Promise<string> {
  const asked = await ask(
    { about: 'source', definition: '0'.repeat(64) },
    message,
    choiceForm({ refuse: 'no', approve: 'yes' }, 'Which'),
  );
  return JSON.parse(JSON.stringify(asked)).inputRequests.decision.params.message;
}

test.each(UNSEEN_CHARACTERS)('a dialog shows %s', async (_name, character, shown) => {
  expect(await dialog(`a${character}b\r\n${character}`)).toBe(`a${shown}b\n${shown}`);
});

test.each(SEEN_TEXTS)('a dialog shows visible text unchanged: %j', async (text) => {
  expect(await dialog(text)).toBe(text);
});
