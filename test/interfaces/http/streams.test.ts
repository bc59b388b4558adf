import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createFeeds } from '../../../src/http/feed.ts';
import { changes } from '../../../src/orchestrator/queries/changes.ts';
import { createEventFeed } from '../../../src/repository/event-feed.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { claimUnits, holdLease, seedJob, settleAs } from '../../helpers/store.ts';
import { serveTest, type TestServer } from './server.ts';

/** One piece of an event stream. */
interface Piece {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads an event stream until `enough`, then drops the connection as a lost network would. */
async function listen(
  server: TestServer,
  path: string,
  enough: (pieces: readonly Piece[]) => boolean,
  headers: Record<string, string> = {},
): Promise<readonly Piece[]> {
  const dropped = new AbortController();
  const answer = await server.ask(path, {
    headers: { Accept: 'text/event-stream', ...headers },
    signal: dropped.signal,
  });
  expect(answer.headers.get('content-type')).toMatch('text/event-stream');
  const pieces: Piece[] = [];
  let rest = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const lines = part.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]);
      const fields: Readonly<Record<string, string | undefined>> = Object.fromEntries(lines);
      if (fields.data) {
        pieces.push({ id: Number(fields.id), event: fields.event ?? 'message', data: JSON.parse(fields.data) });
      }
      if (enough(pieces)) {
        dropped.abort();
        return pieces;
      }
    }
  }
  return pieces;
}

/** Begins to listen; comes back when the server has taken the listener in, with what it will have heard. */
async function follow(...asked: Parameters<typeof listen>) {
  const heard = listen(...asked);
  // A test that fails before it asks for this leaves a listener whose server is closed: that is no failure of its own.
  heard.catch(() => undefined);
  await streams(asked[0], 1);
  return { heard };
}

/** Waits until so many listen. */
async function streams(server: TestServer, number: number): Promise<void> {
  await vi.waitFor(async () => expect(await server.json('/diagnostics')).toMatchObject({ streams: number }), PATIENCE);
}

describe('the events of a job', () => {
  test('20 reconnects while they are written lose none and repeat none', async () => {
    const server = await serveTest();
    const { repository } = server.abp.store;
    const { jobId } = await seedJob(server.abp.store, { units: 0 });
    const total = 2_000;
    let written = 0;
    const write = () =>
      repository.transaction({ job: jobId }, async (tx) => {
        for (let n = 0; n < 25 && written < total; n++, written++) {
          await tx.events.add(jobId, { type: 'attempt:started', index: written, attempt: 1 });
        }
        if (written >= total) clearInterval(writing);
      });
    const writing = setInterval(() => void write(), 5);
    onTestFinished(() => clearInterval(writing));
    const seen: number[] = [];
    for (let drop = 1; drop <= 21; drop++) {
      const last = seen.at(-1);
      const wanted = drop === 21 ? total - seen.length : 60;
      const pieces = await listen(
        server,
        `/api/jobs/${jobId}/events`,
        (so) => so.length >= wanted,
        last === undefined ? {} : { 'Last-Event-ID': String(last) },
      );
      seen.push(...pieces.slice(0, wanted).map(({ id }) => id));
    }
    expect(seen).toEqual(Array.from({ length: total }, (_, n) => n + 1));
  });

  test('begin now or after a given event; others are rejected with 400', async () => {
    const server = await serveTest();
    const { repository } = server.abp.store;
    const { jobId } = await seedJob(server.abp.store, { units: 0 });
    const add = () =>
      repository.transaction({ job: jobId }, async (tx) => tx.events.add(jobId, { type: 'job:resumed' }));
    await add();
    await add();
    const path = `/api/jobs/${jobId}/events`;
    expect((await listen(server, `${path}?since=1`, (so) => so.length === 1)).map(({ id }) => id)).toEqual([2]);
    const live = await follow(server, `${path}?since=latest`, (so) => so.length === 1);
    await add();
    expect(await live.heard).toMatchObject([{ id: 3, data: { seq: 3, type: 'job:resumed' } }]);
    for (const since of ['x', '-2', '1.5', '4', '1&since=2']) {
      expect([since, (await server.ask(`${path}?since=${since}`)).status]).toEqual([since, 400]);
    }
    expect(await server.json(`${path}?since=4`)).toMatchObject({ detail: expect.stringContaining('at most 3') });
    expect((await server.ask('/api/jobs/job-none/events')).status).toBe(404);
  });

  test('a Last-Event-ID beyond the latest event continues from now; an invalid one is rejected with 400', async () => {
    const server = await serveTest();
    const { repository } = server.abp.store;
    const { jobId } = await seedJob(server.abp.store, { units: 0 });
    const add = () =>
      repository.transaction({ job: jobId }, async (tx) => tx.events.add(jobId, { type: 'job:resumed' }));
    await add();
    const path = `/api/jobs/${jobId}/events`;
    const live = await follow(server, path, (so) => so.length === 1, { 'Last-Event-ID': '900' });
    await add();
    expect((await live.heard).map(({ id }) => id)).toEqual([2]);
    const refused = await server.ask(path, { headers: { 'Last-Event-ID': 'x1' } });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { detail: expect.stringContaining('Last-Event-ID: expected a number') },
    ]);
  });

  test('end with the event gone when the job is deleted', async () => {
    const server = await serveTest();
    const { jobId } = await seedJob(server.abp.store, { units: 0, status: 'cancelled' });
    const ending = await follow(server, `/api/jobs/${jobId}/events`, () => false);
    await server.ask(`/api/jobs/${jobId}`, { method: 'DELETE' });
    expect((await ending.heard).map(({ event }) => event)).toEqual(['gone']);
    await streams(server, 0);
  });
});

describe('the log of an attempt', () => {
  const line = (text: string) =>
    `${JSON.stringify({
      type: 'assistant',
      message: {
        content: [
          { type: 'text', text },
          { type: 'tool_use', id: text, name: 'Read', input: {} },
        ],
      },
    })}\n`;

  /** An attempt at work, with what its agent has said so far. */
  async function atWork(server: TestServer) {
    const { store } = server.abp;
    const { jobId } = await seedJob(store, { units: 1, step: { worker: { type: 'claude' } } });
    const runDirectory = join(server.root, 'run');
    mkdirSync(runDirectory);
    const [claim] = await claimUnits(store, await holdLease(store, jobId), { runDirectory: () => runDirectory });
    if (!claim) throw new Error('nothing was claimed');
    writeFileSync(join(runDirectory, 'stdin'), 'the prompt');
    writeFileSync(join(runDirectory, 'stdout'), line('one'));
    const path = `/api/jobs/${jobId}/units/0/attempts/1/log`;
    return {
      store,
      claim,
      path,
      say: (text: string) => appendFileSync(join(runDirectory, 'stdout'), text),
      runDirectory,
    };
  }

  const textsOf = (pieces: readonly Piece[]) =>
    pieces.flatMap(({ data }) => ((data.entries as { text: string }[] | undefined) ?? []).map(({ text }) => text));

  test('streams whole lines, entries of one line together, and ends with the attempt', async () => {
    const server = await serveTest();
    const { store, claim, path, say, runDirectory } = await atWork(server);
    const all = await follow(server, path, () => false);
    const [begun, rest] = [line('two').slice(0, 30), line('two').slice(30)];
    say(begun);
    const { entries } = await server.json<{ entries: { text: string }[] }>(path);
    expect(entries.map(({ text }) => text)).toEqual(['the prompt', 'one', '{}']);
    say(rest);
    writeFileSync(join(runDirectory, 'exit'), '0\n');
    await settleAs(store, claim, null, 'completed');
    const pieces = await all.heard;
    expect(textsOf(pieces)).toEqual(['the prompt', 'one', '{}', 'two', '{}']);
    expect(pieces.at(-1)?.event).toBe('end');
    const resumed = await listen(server, path, () => false, { 'Last-Event-ID': '0' });
    expect(textsOf(resumed)).toEqual(['two', '{}']);
  });

  test('includes images of tool results for screens, and none for models', async () => {
    const server = await serveTest();
    const { path, say } = await atWork(server);
    const image = (media_type: string, data: string) => ({
      type: 'image',
      source: { type: 'base64', media_type, data },
    });
    const content = [
      image('image/png', 'iVBORw0KGgo='),
      image('image/svg+xml', 'PHN2Zz4='),
      image('image/png', '"><x>'),
    ];
    say(`${JSON.stringify({ type: 'user', message: { content: [{ type: 'tool_result', content }] } })}\n`);
    const log = await server.json<{ entries: object[] }>(path);
    expect(log.entries.at(-1)).toMatchObject({ kind: 'tool_result', images: ['data:image/png;base64,iVBORw0KGgo='] });
    const unit = await server.ask(`${path.replace('/attempts/1/log', '')}?conversation=true`);
    expect(await unit.text()).not.toContain('iVBORw0KGgo');
  });

  test('can be polled with since and limit until it ends', async () => {
    const server = await serveTest();
    const { store, claim, path, say, runDirectory } = await atWork(server);
    say(line('two') + line('three'));
    writeFileSync(join(runDirectory, 'exit'), '0\n');
    await settleAs(store, claim, null, 'completed');
    const texts: string[] = [];
    let since = -1;
    for (let ended = false; !ended; ) {
      const page = await server.json<{ entries: { text: string }[]; next_since: number; ended: boolean }>(
        `${path}?since=${since}&limit=2`,
      );
      texts.push(...page.entries.map(({ text }) => text));
      ({ next_since: since, ended } = page);
    }
    expect(texts).toEqual(['the prompt', 'one', '{}', 'two', '{}', 'three', '{}']);
    expect((await server.ask(path.replace('attempts/1', 'attempts/7'))).status).toBe(404);
    for (const wrong of [`${path}?scope=mian`, `${path}?nope=1`, path.replace('units/0', 'units/x')]) {
      for (const Accept of ['application/json', 'text/event-stream']) {
        expect([wrong, Accept, (await server.ask(wrong, { headers: { Accept } })).status]).toEqual([
          wrong,
          Accept,
          400,
        ]);
      }
    }
  });
});

describe('a feed', () => {
  /** Feeds of a store on which so much has been committed. */
  const feedsOn = (commits: () => number) =>
    createFeeds({
      changes: (...of) => changes({ feed: createEventFeed(commits, systemClock), clock: systemClock }, ...of),
    });

  test('sends a heartbeat every 15 s while nothing happens', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const feeds = feedsOn(() => 1);
    const client = feeds.follow('quiet', { mark: () => '1', page: () => null }, 0, new AbortController().signal);
    await client.next();
    for (let beat = 0; beat < 3; beat++) {
      const next = client.next();
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await next).toEqual({ done: false, value: ': still here\n\n' });
    }
    await client.return(undefined);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends for the followers of a source that fails, and for no others', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let broken = false;
    const source = {
      mark: () => {
        if (broken) throw new Error('disk I/O error');
        return '1';
      },
      page: () => null,
    };
    const feeds = feedsOn(() => (broken ? 2 : 1));
    const follow = (key: string, of = source) => feeds.follow(key, of, 0, new AbortController().signal);
    const [one, other] = [follow('breaks'), follow('lasts', { ...source, mark: () => '1' })];
    await Promise.all([one.next(), other.next()]);
    const ending = expect(one.next()).rejects.toThrow('disk I/O error');
    const waiting = other.next();
    broken = true;
    await vi.advanceTimersByTimeAsync(250);
    await ending;
    expect(feeds.clients).toBe(1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await waiting).value).toBe(': still here\n\n');
    await other.return(undefined);
  });

  test('makes only pages that are read, and each page once for all clients', async () => {
    let pages = 0;
    const source = {
      mark: () => '1',
      page: (after: number) => {
        pages++;
        return { text: `page ${after}`, next: after + 1 };
      },
    };
    const feeds = feedsOn(() => 1);
    const stop = new AbortController();
    const clients = Array.from({ length: 50 }, () => feeds.follow('same', source, 0, stop.signal));
    for (const client of clients) {
      await client.next();
      expect((await client.next()).value).toBe('page 0');
    }
    expect([pages, feeds.clients]).toEqual([1, 50]);
    stop.abort();
    for (const client of clients) expect((await client.next()).done).toBe(true);
    expect(feeds.clients).toBe(0);
  });

  test('buffers nothing for a client that stops reading', async () => {
    let pages = 0;
    const source = {
      mark: () => String(pages),
      page: (after: number) => ({ text: String(++pages), next: after + 1 }),
    };
    const feeds = feedsOn(() => 1);
    const slow = feeds.follow('slow', source, 0, new AbortController().signal);
    await slow.next();
    await slow.next();
    const quick = feeds.follow('slow', source, 5, new AbortController().signal);
    for (let n = 0; n < 200; n++) await quick.next();
    // The slow one has caused one page, however long it waits.
    expect(pages).toBe(200);
    await Promise.all([slow.return(undefined), quick.return(undefined)]);
    expect(feeds.clients).toBe(0);
  });
});
