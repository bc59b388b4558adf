import { afterAll, describe, expect, it } from 'vitest';
import { CLIENTS, connect, jobOver, makePlace } from './clients.ts';

const place = makePlace(undefined, afterAll);
const clients = await Promise.all(CLIENTS.map((kind) => connect(kind, place)));
const job = jobOver(place);
const source = job.source as object;

/** A call, and the parts of its error that help: the field, the value found, the next step. */
const REFUSALS: readonly (readonly [string, string, Record<string, unknown>, readonly string[]])[] = [
  ['an unknown field', 'create_job', { ...job, intnt: 'x' }, ['"intnt"', '"intent"']],
  [
    'a field of the wrong type',
    'create_job',
    { ...job, test: { units: 'two' } },
    ['test.units', 'expected a number', '"two"'],
  ],
  ['a missing field', 'create_job', { ...job, name: undefined }, ['name', 'it is missing']],
  [
    'an unknown field inside',
    'create_job',
    { ...job, limits: { max_worker: 2 } },
    ['limits: unknown field "max_worker"', '"max_workers"'],
  ],
  ['a value out of bounds', 'create_job', { ...job, limits: { max_workers: 0 } }, ['limits.max_workers', 'at least 1']],
  ['an unknown enumerator', 'preview_items', { source: { type: 'cvs' } }, ['"cvs"', '"csv"']],
  [
    'an unknown field of an enumerator',
    'preview_items',
    { source: { type: 'file', base_dir: '/' } },
    ['"base_dir"', '"base_directory"', 'Example:'],
  ],
  [
    'a directory that is not there',
    'create_job',
    { ...job, source: { type: 'file', base_directory: '/not/there' } },
    ['/not/there'],
  ],
  [
    'a pattern that matches nothing',
    'create_job',
    { ...job, source: { ...source, pattern: '*.nothing' } },
    ['no items', 'preview_items'],
  ],
  [
    'a placeholder that no item has',
    'create_job',
    { ...job, template: 'Read {file_nam}' },
    ['{file_nam}', '{file_name}'],
  ],
  ['an unknown worker', 'create_job', { ...job, worker: { type: 'claud' } }, ['"claud"', 'claude']],
  [
    'a schema that is none',
    'create_job',
    { ...job, schema: { type: 'objekt' } },
    ['schema is not a usable JSON Schema'],
  ],
  ['a job that is not there', 'get_job_status', { job_id: 'job-9' }, ['No job job-9.', 'list_jobs shows the jobs.']],
  ['an unknown failure class', 'list_units', { job_id: 'job-9', failure_class: 'time_out' }, ['"timeout"']],
  ['arguments for a tool that has none of them', 'dashboard', { do: 'open' }, ['"do"', 'action']],
  ['no arguments where some are needed', 'start_job', {}, ['job_id', 'it is missing']],
  ['a prompt of nothing', 'create_job', { ...job, template: '' }, ['template', 'expected words']],
  ['a list of no statuses', 'list_units', { job_id: 'job-9', status: [] }, ['status', 'at least 1 entries']],
  [
    'ten thousand mistakes, of which it hears the first',
    'manage_units',
    { job_id: 'job-9', action: 'skip', units: Array(10_000).fill('x') },
    ['units[0]: expected a number', 'and 9990 more problems'],
  ],
  [
    'what another program says without end, of which it hears the beginning',
    'create_job',
    { ...job, schema: { properties: Object.fromEntries([...Array(500).keys()].map((n) => [n, { type: n }])) } },
    ['schema is not a usable JSON Schema', 'more characters)'],
  ],
];

describe.each(clients)('a client of kind $kind', ({ call, client }) => {
  it.each(REFUSALS)('gets our message about %s', async (_, tool, args, words) => {
    const { isError, text, structured } = await call(tool, args);
    expect(isError).toBe(true);
    expect(structured).toBeUndefined();
    for (const word of words) expect(text).toContain(word);
    expect(text.length).toBeLessThan(4000);
    expect(text).not.toMatch(/\bat .+:\d+:\d+|zod|validation error|MCP error/i);
  });

  it('gets a protocol error for an unknown tool', async () => {
    await expect(client.callTool({ name: 'make_job', arguments: {} })).rejects.toThrow(/make_job/);
  });
});

it.each(clients)('none of them made a job, as a client of kind $kind sees it', async ({ ok }) => {
  expect(await ok('list_jobs')).toMatchObject({ total: 0 });
});
