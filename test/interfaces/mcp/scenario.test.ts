import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { CLIENTS, connect, jobOver, makePlace } from './clients.ts';

/** Long timeouts for slow machines; this test does not measure speed. */

describe.each(CLIENTS)('with a client of kind %s', (kind) => {
  it('a job runs from creation to deletion, with every tool', async () => {
    const place = makePlace(['FIRST one', 'two three', 'four FAIL', 'five six seven']);
    const { call, ok, era } = await connect(kind, place);
    const until = (job_id: string, status: string) =>
      vi.waitFor(async () => {
        const now = await ok('get_job_status', { job_id, wait_seconds: 5 });
        expect(now.status).toBe(status);
        return now;
      }, PATIENCE);

    const eras = { 'v2 auto': 'modern', 'v2 legacy': 'legacy', v1: undefined };
    expect(era()).toBe(eras[kind]);

    const { enumerators } = await ok('list_enumerators', { type: 'file' });
    expect(enumerators[0].example).toBeTypeOf('object');
    const preview = await ok('preview_items', {
      source: { type: 'file', base_directory: place.source, pattern: '*.txt' },
    });
    expect(preview).toMatchObject({ total: 4, complete: true });

    const created = await ok('create_job', jobOver(place));
    const { job_id } = created;
    expect(created).toMatchObject({ status: 'created', units: { total: 4, pending: 4 } });
    expect(created.next[0]).toMatchObject({ tool: 'start_job', arguments: { job_id } });

    const tested = await ok('start_job', { job_id, wait_seconds: 45 });
    expect(tested).toMatchObject({ status: 'testing', test: { state: 'passed' }, units: { completed: 1 } });
    expect(JSON.parse(tested.test.results[0].result)).toEqual({ words: 2, shout: false });

    expect(await ok('start_job', { job_id, approve: false, note: 'louder' })).toMatchObject({ status: 'created' });
    const updated = await ok('update_job', { job_id, template: 'SHOUT the words of file_path: {file_path}' });
    expect(updated).toMatchObject({ status: 'created', revision: 2 });
    const again = await ok('start_job', { job_id, wait_seconds: 45 });
    expect(JSON.parse(again.test.results[0].result)).toEqual({ words: 2, shout: true });

    place.write('hold', '');
    const approved = await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(approved).toMatchObject({ status: 'running', executor: { state: 'alive' } });
    const progress: unknown[] = [];
    await call('get_job_status', { job_id, wait_seconds: 1 }, (message) => progress.push(message));
    await vi.waitFor(() => expect(progress).not.toEqual([]), PATIENCE);

    expect(await ok('pause_job', { job_id, hard: true })).toMatchObject({ status: 'paused', pause_reason: 'user' });
    await vi.waitFor(async () => {
      const { units, executor } = await ok('get_job_status', { job_id });
      expect({ units, executor: executor.state }).toMatchObject({
        units: { running: 0, pending: 3 },
        executor: 'none',
      });
    }, PATIENCE);
    rmSync(join(place.root, 'hold'));
    expect(await ok('resume_job', { job_id, max_workers: 3 })).toMatchObject({ status: 'running' });
    const ended = await until(job_id, 'failed');
    expect(ended).toMatchObject({ units: { completed: 3, failed: 1, pending: 0, running: 0 } });
    expect(ended.failures).toMatchObject([{ class: 'agent_error', count: 1, example: { unit: 2 } }]);

    expect((await ok('list_jobs', {})).jobs).toMatchObject([{ job_id, status: 'failed' }]);
    expect(await ok('get_job', { job_id })).toMatchObject({ revision: 2, limits: { max_workers: 3 } });
    const { units } = await ok('list_units', { job_id, status: ['failed'] });
    expect(units).toMatchObject([{ unit: 2, failure_class: 'agent_error' }]);
    const unit = await ok('get_unit', { job_id, unit: 2, conversation: true });
    expect(unit).toMatchObject({ status: 'failed', key: '2.txt' });
    expect(unit.conversation.entries).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ role: 'assistant', text: 'ABP_FAILED: 2.txt says FAIL' })]),
    );

    const path = join(place.root, 'out.jsonl');
    const report = await ok('export_results', { job_id, format: 'jsonl', path });
    expect(report).toMatchObject({ path, rows: 4, partial: false });
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(4);

    place.write('fixed', '');
    expect(await ok('manage_units', { job_id, action: 'retry', status: 'failed' })).toMatchObject({ changed: 1 });
    await until(job_id, 'completed');
    expect((await call('cancel_job', { job_id })).text).toContain('only a job that has not ended can be cancelled');

    const other = await ok('create_job', jobOver(place, { name: 'given up' }));
    expect(await ok('cancel_job', { job_id: other.job_id })).toMatchObject({ status: 'cancelled' });
    for (const id of [job_id, other.job_id]) {
      await vi.waitFor(
        async () => expect(await ok('delete_job', { job_id: id })).toMatchObject({ deleted: true }),
        PATIENCE,
      );
    }
    expect((await ok('list_jobs', {})).total).toBe(0);
    expect(existsSync(path)).toBe(true);

    expect(await ok('dashboard', { action: 'status' })).toMatchObject({ running: false });
  });
});
