import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openStore, type Store } from '../../src/repository/index.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { eventFeedContract, type FeedUnderTest } from './event-feed.ts';

function opened(path: string): Store {
  const store = openStore(path, systemClock);
  onTestFinished(() => store.repository.close());
  return store;
}

async function commit({ repository }: Store): Promise<void> {
  await repository.transaction('store', async (tx) =>
    tx.quotas.close({ type: 'claude', closedUntil: 1, reason: 'daily' }),
  );
}

function underTest(path: string): FeedUnderTest {
  const store = opened(path);
  return {
    feed: store.feed,
    commit: () => commit(store),
    commitElsewhere: () => commit(opened(path)),
    breakStore: () => store.repository.close(),
  };
}

describe('the event feed on SQLite in a file', () => {
  eventFeedContract(() => underTest(join(temporaryDirectory('feed'), 'batch.db')), { shared: true });
});

describe('the event feed on SQLite in memory', () => {
  eventFeedContract(() => underTest(':memory:'), { shared: false });
});
