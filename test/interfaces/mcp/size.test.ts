import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { connect, jobOver, makePlace, personAt } from './clients.ts';

/** Maximum bytes of an answer in a conversation. */
const ANSWER_CHARS = 10_000;

const place = makePlace([], afterAll);
const { ok, client } = await connect('v2 auto', place);
const person = personAt(place);
const LONG = 'long '.repeat(4000);
const ROWS = 120;
let job_id = '';

/** Worst case of source, prompt and agents: wide rows, long values, long results and long failures. */
beforeAll(async () => {
  const header = ['id', ...Array.from({ length: 80 }, (_, column) => `a rather long column name ${column}`)];
  const row = (id: number) => [id, LONG, ...Array.from({ length: 79 }, (_, column) => `value ${column}`)].join(',');
  writeFileSync(
    join(place.root, 'wide.csv'),
    [header.join(','), ...Array.from({ length: ROWS }, (_, id) => row(id))].join('\n'),
  );
  const script = `echo "$0" >&2; [ $((ABP_UNIT % 2)) = 0 ] || exit 1; echo "{\\"text\\":\\"$0\\"}"`;
  const job = jobOver(place, {
    name: 'n'.repeat(200),
    intent: LONG,
    source: { type: 'csv', file_path: join(place.root, 'wide.csv') },
    worker: { type: 'command', command: ['sh', '-c', script, LONG] },
    limits: { max_retries: 0, max_workers: 4, failure_threshold: 0 },
    test: { units: 20 },
    steps: [{ name: 'report', scope: 'job', intent: LONG }],
  });
  ({ job_id } = await ok('create_job', job));
  await person.allow(job_id);
  await person.ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
  await vi.waitFor(async () => {
    const { units, executor } = await ok('get_job_status', { job_id });
    expect([units.completed + units.failed, executor.state]).toEqual([ROWS, 'none']);
  }, PATIENCE);
});

describe('no answer is too long for a conversation', () => {
  it.each<[string, () => Record<string, unknown>]>([
    ['list_enumerators', () => ({})],
    ['preview_items', () => ({ source: { type: 'csv', file_path: join(place.root, 'wide.csv') }, limit: 50 })],
    ['get_job_status', () => ({ job_id })],
    ['get_job', () => ({ job_id })],
    ['list_jobs', () => ({ limit: 100 })],
    ['list_units', () => ({ job_id })],
    ['list_units', () => ({ job_id, limit: 100, status: ['failed'] })],
    ['get_unit', () => ({ job_id, unit: 0 })],
    ['get_unit', () => ({ job_id, unit: 1, conversation: true, limit: 100 })],
    ['manage_units', () => ({ job_id, action: 'skip' })],
    ['export_results', () => ({ job_id, format: 'jsonl', path: join(place.root, 'out.jsonl') })],
  ])('of %s', async (tool, args) => {
    const answer = JSON.stringify(await ok(tool, args()).catch((error: Error) => error.message));
    expect(answer.length, answer.slice(0, 2000)).toBeLessThanOrEqual(ANSWER_CHARS);
  });

  it('of a test with the maximum number of units', async () => {
    const again = await ok(
      'create_job',
      jobOver(place, {
        source: { type: 'csv', file_path: join(place.root, 'wide.csv') },
        test: { units: 20 },
        worker: { type: 'command', command: ['echo', LONG] },
      }),
    );
    expect(JSON.stringify(again).length).toBeLessThanOrEqual(ANSWER_CHARS);
    await person.allow(again.job_id);
    const tested = await ok('start_job', { job_id: again.job_id, wait_seconds: 45 });
    expect(tested.test.units).toHaveLength(20);
    expect(JSON.stringify(tested).length).toBeLessThanOrEqual(ANSWER_CHARS);
  });

  it('of a resource', async () => {
    for (const uri of ['abp://status', 'abp://jobs', `abp://jobs/${job_id}`, `abp://jobs/${job_id}/results`]) {
      const { contents } = await client.readResource({ uri });
      const { text } = contents[0] as { readonly text: string };
      expect(Buffer.byteLength(text), uri).toBeLessThanOrEqual(ANSWER_CHARS);
    }
  });

  it('and the omitted rest is available by page', async () => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await ok('list_units', { job_id, limit: 100, ...(cursor ? { cursor } : {}) });
      seen.push(...page.units.map(({ unit }: { unit: number }) => unit));
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(Array.from({ length: ROWS }, (_, unit) => unit));
  });
});
