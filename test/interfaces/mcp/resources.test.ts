import type { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { CLIENTS, connect, jobOver, makePlace, observe, type TestClient } from './clients.ts';

const place = makePlace(undefined, afterAll);
const clients = await Promise.all(CLIENTS.map((kind) => connect(kind, place)));

const read = async ({ client }: TestClient, uri: string) => {
  const [content] = (await client.readResource({ uri })).contents;
  return JSON.parse((content as { readonly text: string }).text);
};

describe('over a job that has ended', () => {
  let job_id = '';
  beforeAll(async () => {
    const [{ ok }] = clients as [TestClient];
    ({ job_id } = await ok('create_job', jobOver(place)));
    await ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await vi.waitFor(
      async () => expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'completed' }),
      PATIENCE,
    );
  });

  describe.each(clients)('a client of kind $kind', (client) => {
    it('lists status, jobs, each job and its results; units by template', async () => {
      const { resources } = await client.client.listResources();
      expect(resources.map(({ uri }) => uri)).toEqual([
        'abp://status',
        'abp://jobs',
        `abp://jobs/${job_id}`,
        `abp://jobs/${job_id}/results`,
      ]);
      for (const { title, mimeType, description } of resources) {
        expect({ title, mimeType, description }).toEqual({
          title: expect.any(String),
          mimeType: 'application/json',
          description: expect.any(String),
        });
      }
      const { resourceTemplates } = await client.client.listResourceTemplates();
      expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
        'abp://jobs/{job_id}',
        'abp://jobs/{job_id}/results',
        'abp://jobs/{job_id}/units/{index}',
      ]);
    });

    it('reads each of them', async () => {
      expect(await read(client, 'abp://status')).toMatchObject({ jobs: { completed: 1, failed: 0 }, at_work: [] });
      expect(await read(client, 'abp://jobs')).toMatchObject({ jobs: [{ job_id }], total: 1 });
      expect(await read(client, `abp://jobs/${job_id}`)).toMatchObject({ job_id, units: { completed: 4 } });
      const { units } = await read(client, `abp://jobs/${job_id}/results`);
      expect(units).toHaveLength(4);
      expect(await read(client, `abp://jobs/${job_id}/units/3`)).toMatchObject({ unit: 3, key: '3.txt' });
    });

    it.each([
      ['a missing job', () => 'abp://jobs/job-9', /No job job-9/],
      ['a missing unit', () => `abp://jobs/${job_id}/units/4`, /has no unit 4.*units 0 to 3/],
      ['an index that is none', () => `abp://jobs/${job_id}/units/last`, /unit: expected a number, found "last"/],
      ['a number that is no index', () => `abp://jobs/${job_id}/units/1e0`, /unit: expected a number, found "1e0"/],
      ['an address that is none', () => 'abp://nothing', /abp:\/\/nothing/],
    ])('hears of %s', async (_, uri, message) => {
      await expect(client.client.readResource({ uri: uri() })).rejects.toThrow(message);
    });

    it('completes ids of jobs, indexes of units, statuses and enumerators', async () => {
      const complete = async (ref: object, name: string, value: string, args?: Record<string, string>) => {
        const params = { ref, argument: { name, value }, ...(args ? { context: { arguments: args } } : {}) };
        return (await client.client.complete(params as never)).completion.values;
      };
      const unit = { type: 'ref/resource', uri: 'abp://jobs/{job_id}/units/{index}' };
      expect(await complete(unit, 'job_id', job_id.slice(0, 5))).toEqual([job_id]);
      expect(await complete(unit, 'index', '', { job_id })).toEqual(['0', '1', '2', '3']);
      expect(await complete(unit, 'index', '3', { job_id })).toEqual(['3']);
      expect(await complete({ type: 'ref/prompt', name: 'review-failures' }, 'job_id', '')).toEqual([job_id]);
      expect(await complete({ type: 'ref/prompt', name: 'resume-work' }, 'status', 'p')).toEqual(['paused']);
      expect(await complete({ type: 'ref/prompt', name: 'process-items' }, 'enumerator', 'c')).toEqual(['csv']);
    });

    it('offers prompts with the current state', async () => {
      const { prompts } = await client.client.listPrompts();
      expect(prompts.map(({ name }) => name)).toEqual(['process-items', 'review-failures', 'resume-work']);
      const text = async (name: string, args: Record<string, string>) => {
        const { messages } = await client.client.getPrompt({ name, arguments: args });
        return (messages[0]?.content as { readonly text: string } | undefined)?.text;
      };
      const wish = 'Rate every essay; ``` and {braces} stay';
      expect(await text('process-items', { wish, enumerator: 'file' })).toContain(wish);
      expect(await text('resume-work', {})).toContain(job_id);
      expect(await text('review-failures', { job_id })).toContain('"failed":0');
      await expect(text('review-failures', { job_id: 'job-9' })).rejects.toThrow('No job job-9. list_jobs shows');
    });
  });
});

/** Records the updates of a client that subscribed to URIs. */
async function subscribe({ kind, client, era }: TestClient, uris: readonly string[]): Promise<readonly string[]> {
  const heard: string[] = [];
  if (kind === 'v1') {
    const old = client as unknown as ClientV1;
    old.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
    old.setNotificationHandler(ResourceListChangedNotificationSchema, () => void heard.push('list'));
  } else {
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    client.setNotificationHandler('notifications/resources/list_changed', () => void heard.push('list'));
  }
  if (era() === 'modern') {
    await client.listen({ resourcesListChanged: true, resourceSubscriptions: [...uris] });
  } else {
    for (const uri of uris) await client.subscribeResource({ uri });
  }
  return heard;
}

it.each(clients.filter(({ kind }) => kind !== 'v2 auto'))(
  'a client of kind $kind subscribes to resources only',
  async ({ client }) => {
    await expect(client.subscribeResource({ uri: 'abp://nothing' })).rejects.toThrow('abp://nothing');
    await expect(client.subscribeResource({ uri: 'abp://jobs/job-9/units/last' })).rejects.toThrow('units/last');
  },
);

describe.each(CLIENTS)('a client of kind %s that subscribed', (kind) => {
  it('gets updates of subscribed resources by any process, and no others', async () => {
    const own = makePlace();
    const listener = await connect(kind, own);
    const actor = observe(own);
    const { job_id } = await actor.ok('create_job', jobOver(own));
    const mine = [`abp://jobs/${job_id}`, `abp://jobs/${job_id}/units/2`, 'abp://status'];
    const heard = await subscribe(listener, mine);
    await actor.ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await vi.waitFor(() => expect(heard).toEqual(expect.arrayContaining(mine)), PATIENCE);
    expect(heard.filter((uri) => ![...mine, 'list'].includes(uri))).toEqual([]);
    await listener.ok('create_job', jobOver(own));
    await vi.waitFor(() => expect(heard).toContain('list'), PATIENCE);
    await vi.waitFor(async () => {
      expect(await actor.ok('get_job_status', { job_id })).toMatchObject({
        status: 'completed',
        executor: { state: 'none' },
      });
    }, PATIENCE);
  });
});
