import { expect, test } from 'vitest';
import { AbpError, type ErrorCode } from '../../src/domain/error.ts';
import { JOB_STATUSES, type JobStatus, jobStatusesBefore } from '../../src/domain/job.ts';
import type { Lease } from '../../src/domain/lease.ts';
import { stepAt } from '../../src/domain/step.ts';
import { canMoveUnit, UNIT_STATUSES, type UnitStatus } from '../../src/domain/unit.ts';
import type { JobPatch } from '../../src/ports/job-store.ts';
import type { Tx } from '../../src/ports/repository.ts';
import type { Store } from '../../src/repository/index.ts';
import { type FakeClock, fakeClock } from '../helpers/clock.ts';
import { claimOne, holdLease, seedJob, settleAs, unitIn } from '../helpers/store.ts';

/** The contract of every repository. `open` makes an empty store of the test. Call it inside a `describe`. */
export function repositoryContract(open: (clock: FakeClock) => Store): void {
  const fresh = () => {
    const clock = fakeClock();
    const store = open(clock);
    return {
      ...store,
      store,
      clock,
      tx: <T>(work: (t: Tx) => Promise<T>) => store.repository.transaction('store', work),
    };
  };

  test('a transaction is committed whole, or not at all', async () => {
    const { repository, tx, store } = fresh();
    const job = await seedJob(store);
    const broken = () =>
      tx(async (t) => {
        await t.jobs.patch(job.jobId, { name: 'other' });
        await t.events.add(job.jobId, { type: 'job:updated' });
        throw new Error('half-way');
      });
    await expect(broken()).rejects.toThrow('half-way');
    expect(await repository.jobs.get(job.jobId)).toEqual(job);
    expect(await repository.events.list(job.jobId, 0, 10)).toEqual([]);
  });

  test('a transaction inside a transaction is refused', async () => {
    const { tx } = fresh();
    expect(await code(() => tx(() => tx(() => Promise.resolve(1))))).toBe('internal');
  });

  // ── jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  test('a job is read as it was written', async () => {
    const { repository, store } = fresh();
    const job = await seedJob(store, {
      jobId: 'job-a',
      units: [{ a: 1 }, { b: 'zwölf' }],
      job: {
        name: 'Jöb "1"',
        passEnv: ['TOKEN'],
        requireHumanApproval: true,
        redactResults: false,
        testUnits: 2,
      },
      step: { outputSchema: { type: 'object' }, worker: { type: 'claude', model: 'x' } },
      revision: { note: 'first' },
      limits: { max_workers: 7, budget_usd: 1.5 },
    });
    expect(job).toMatchObject({
      jobId: 'job-a',
      name: 'Jöb "1"',
      status: 'running',
      fields: ['a', 'b'],
      totalUnits: 2,
      revision: 1,
      maxWorkers: 7,
      testUnits: 2,
      passEnv: ['TOKEN'],
      requireHumanApproval: true,
      redactResults: false,
      pauseReason: null,
      jobStepsBegun: false,
      askedJobStep: null,
      test: null,
      costUsd: 0,
      eventSeq: 0,
    });
    expect(await repository.jobs.get('job-a')).toEqual(job);
    expect(await repository.jobs.revision('job-a', 1)).toMatchObject({
      note: 'first',
      steps: [{ name: 'main', outputSchema: { type: 'object' }, worker: { type: 'claude', model: 'x' } }],
      limits: { max_workers: 7, budget_usd: 1.5, max_retries: 3 },
    });
    expect(await repository.jobs.get('job-b')).toBeNull();
    expect(await repository.jobs.revision('job-a', 2)).toBeNull();
  });

  test('a status moves only where the table allows it, and a refused move writes nothing', async () => {
    const { repository, tx, store } = fresh();
    for (const from of JOB_STATUSES) {
      for (const to of JOB_STATUSES) {
        const { jobId } = await seedJob(store, { status: from, units: 1 });
        const patch: JobPatch = { statusMessage: 'moved', resumeAt: 5, totalUnits: 1 };
        const moved = await tx(async (t) => t.jobs.move(jobId, to, { patch }));
        expect(moved, `${from} → ${to}`).toBe(jobStatusesBefore(to).includes(from) ? 'moved' : 'conflict');
        expect(await repository.jobs.get(jobId)).toMatchObject(
          moved === 'moved' ? { status: to, ...patch } : { status: from, statusMessage: null, resumeAt: null },
        );
      }
    }
  });

  test('a move can be narrowed to some statuses; of two that compete one wins', async () => {
    const { tx, store } = fresh();
    const { jobId } = await seedJob(store, { status: 'created' });
    const move = (to: JobStatus, from: readonly JobStatus[]) => tx(async (t) => t.jobs.move(jobId, to, { from }));
    expect(await move('running', ['testing'])).toBe('conflict');
    expect(await move('running', ['created'])).toBe('moved');
    expect(await move('running', ['created'])).toBe('conflict');
    expect(await move('paused', [])).toBe('conflict');
  });

  test('a patch writes what it names and nothing else, and only in the statuses it is for', async () => {
    const { repository, tx, store } = fresh();
    const before = await seedJob(store);
    const test = {
      state: 'running',
      units: [0],
      verdict: null,
      executorsLost: 0,
      startedAt: 1,
      endedAt: null,
    } as const;
    const patch: Required<JobPatch> = {
      name: 'n',
      pauseReason: 'disk',
      pauseClass: 'auth',
      statusMessage: 'm',
      resumeAt: 1,
      pauseMode: 'hard',
      fields: ['x'],
      totalUnits: 3,
      revision: 1,
      maxWorkers: 2,
      test,
      passEnv: ['A'],
      requireHumanApproval: true,
      powers: [{ kind: 'programs', what: 'sh' }],
      approvedDefinition: 'aa',
      redactResults: false,
      output: { path: '/out.csv', format: 'csv', force: false, raw: false, byPerson: true },
      outputState: { state: 'due', sha256: 'ab' },
      jobStepsBegun: true,
      askedJobStep: 1,
      executorsLost: 2,
      startedAt: 3,
      endedAt: 4,
    };
    expect(await tx(async (t) => t.jobs.patch(before.jobId, patch, ['paused']))).toBe('conflict');
    expect(await repository.jobs.get(before.jobId)).toEqual(before);
    expect(await tx(async (t) => t.jobs.patch(before.jobId, patch, ['running']))).toBe('written');
    expect(await repository.jobs.get(before.jobId)).toEqual({ ...before, ...patch });
    expect(await tx(async (t) => t.jobs.patch(before.jobId, {}))).toBe('written');
    expect(await tx(async (t) => t.jobs.patch('job-none', { name: 'x' }))).toBe('conflict');
  });

  test('jobs are listed newest first, by page, filtered, counted; one that is being enumerated only when asked for', async () => {
    const { repository, store } = fresh();
    for (const n of [1, 2, 3, 4, 5]) {
      await seedJob(store, {
        jobId: `job-l${n}`,
        job: { createdAt: n < 3 ? 10 : 10 + n, name: n === 4 ? '100%_x' : `n${n}` },
      });
    }
    await seedJob(store, { jobId: 'job-l6', status: 'enumerating' });
    const ids = async (filter: Partial<Parameters<typeof repository.jobs.list>[0]>) =>
      (await repository.jobs.list({ limit: 10, ...filter })).jobs.map(({ jobId }) => jobId);
    expect(await ids({})).toEqual(['job-l5', 'job-l4', 'job-l3', 'job-l2', 'job-l1']);
    expect((await repository.jobs.list({ limit: 2 })).total).toBe(5);
    expect(await ids({ limit: 2, after: { createdAt: 14, jobId: 'job-l4' } })).toEqual(['job-l3', 'job-l2']);
    expect(await ids({ after: { createdAt: 10, jobId: 'job-l2' } })).toEqual(['job-l1']);
    expect(await ids({ after: { createdAt: 10, jobId: 'job-l1' } })).toEqual([]);
    expect(await ids({ limit: 1, after: { createdAt: 14, jobId: 'job-gone' } })).toEqual(['job-l3']);
    expect(await ids({ statuses: ['paused'] })).toEqual([]);
    expect(await ids({ statuses: ['enumerating'] })).toEqual(['job-l6']);
    expect(await ids({ search: '100%_x' })).toEqual(['job-l4']);
    expect(await ids({ search: '%' })).toEqual(['job-l4']);
    expect(await ids({ search: 'JOB-L5' })).toEqual(['job-l5']);
    expect(await repository.jobs.idsWithPrefix('job-l')).toHaveLength(6);
    expect(await repository.jobs.idsWithPrefix('job-l3')).toEqual(['job-l3']);
    expect(await repository.jobs.idsWithPrefix('job-_')).toEqual([]);
  });

  test('revisions are numbered from 1; the newest is the current one and sets the slots', async () => {
    const { repository, tx, store, clock } = fresh();
    const { jobId } = await seedJob(store);
    const first = await repository.jobs.revision(jobId, 1);
    if (!first) throw new Error('no first revision');
    clock.advance(5);
    const steps = [{ ...stepAt(first, { scope: 'unit', step: 0 }), template: 'Again {name}' }];
    const next = { ...first, steps, limits: { ...first.limits, max_workers: 9 }, note: 'better' };
    expect(await tx(async (t) => t.jobs.addRevision(next))).toBe(2);
    expect(await repository.jobs.get(jobId)).toMatchObject({ revision: 2, maxWorkers: 9 });
    expect(await repository.jobs.revision(jobId, 1)).toEqual(first);
    expect(await repository.jobs.revision(jobId, 2)).toEqual({ ...next, revision: 2, createdAt: clock.now() });
    expect((await repository.jobs.revisions(jobId)).map(({ revision }) => revision)).toEqual([1, 2]);
    const more = [...steps, { ...stepAt(first, { scope: 'unit', step: 0 }), name: 'second' }];
    await tx(async (t) => t.jobs.setSteps(jobId, 2, more));
    expect((await repository.jobs.revision(jobId, 2))?.steps).toEqual(more);
    expect(await code(() => tx(async (t) => t.jobs.addRevision({ ...next, jobId: 'job-none' })))).toBe('not_found');
  });

  test('a reset circuit breaker ignores earlier failures', async () => {
    const { repository, store, tx, clock } = fresh();
    const { jobId } = await seedJob(store, { units: 6 });
    const lease = await holdLease(store, jobId);
    for (const unit of [0, 1, 2]) await settleAs(store, await claimOne(store, lease, unit), 'timeout', 'failed');
    expect(await repository.jobs.tally(jobId)).toMatchObject({
      steps: [{ unitsTried: 3, breakerBaseTried: 0, breakerBaseByClass: {} }],
    });
    clock.advance(10);
    await tx(async (t) => t.jobs.resetCircuitBreaker(jobId));
    expect(await repository.jobs.tally(jobId)).toMatchObject({
      steps: [{ unitsTried: 3, breakerBaseTried: 3, breakerBaseByClass: { timeout: 3 } }],
      breakerSince: clock.now(),
    });
  });

  test('jobs that need an executor: active, waiting for a quota, with unsettled attempts or a queue to empty', async () => {
    const { repository, store, tx } = fresh();
    const running = {
      state: 'running',
      units: [0],
      verdict: null,
      executorsLost: 0,
      startedAt: 1,
      endedAt: null,
    } as const;
    const passed = { ...running, state: 'passed' } as const;
    await seedJob(store, { jobId: 'job-yes1', status: 'running' });
    await seedJob(store, { jobId: 'job-yes2', patch: { jobStepsBegun: true } });
    await seedJob(store, { jobId: 'job-yes3', status: 'testing', patch: { test: running } });
    await seedJob(store, { jobId: 'job-yes4', status: 'paused', patch: { pauseReason: 'usage_limit' } });
    await seedJob(store, { jobId: 'job-yes5', status: 'cancelled' });
    await seedJob(store, { jobId: 'job-yes6' });
    await claimOne(store, await holdLease(store, 'job-yes6'), 0);
    await tx(async (t) => t.jobs.move('job-yes6', 'paused', { patch: { pauseReason: 'user' } }));
    await seedJob(store, { jobId: 'job-no1', status: 'created' });
    await seedJob(store, { jobId: 'job-no2', status: 'testing', patch: { test: passed } });
    await seedJob(store, { jobId: 'job-no3', status: 'paused', patch: { pauseReason: 'user' } });
    await seedJob(store, { jobId: 'job-no4', status: 'completed' });
    await seedJob(store, { jobId: 'job-no5', status: 'cancelled', units: 0 });
    await seedJob(store, { jobId: 'job-no6', status: 'enumerating' });
    await seedJob(store, { jobId: 'job-no7' });
    await tx(async (t) => t.jobs.markDeleting('job-no7'));
    const wanting = (await repository.jobs.wantingExecutor()).map(({ jobId }) => jobId);
    expect(wanting).toEqual(['job-yes1', 'job-yes2', 'job-yes3', 'job-yes4', 'job-yes5', 'job-yes6']);
  });

  test('a job marked for deletion is hidden and deleted in chunks, to its last row and no other', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store, { units: 25 });
    const other = await seedJob(store, { units: 5 });
    const lease = await holdLease(store, jobId);
    for (const unit of [0, 1, 2]) await settleAs(store, await claimOne(store, lease, unit), null, 'completed');
    await tx(async (t) => t.events.add(jobId, { type: 'job:started' }));
    await tx(async (t) => t.jobs.markDeleting(jobId));
    expect(await repository.jobs.get(jobId)).toBeNull();
    expect(await repository.jobs.idsWithPrefix(jobId)).toEqual([]);
    expect((await repository.jobs.list({ limit: 9 })).total).toBe(1);
    expect(await tx(async (t) => t.jobs.move(jobId, 'paused'))).toBe('conflict');
    expect(await tx(async (t) => t.jobs.patch(jobId, { name: 'x' }))).toBe('conflict');
    expect(await repository.jobs.deleting()).toEqual([jobId]);
    let chunks = 1;
    while ((await tx(async (t) => t.jobs.deleteChunk(jobId, 10))) === 'left') chunks += 1;
    expect(chunks).toBeGreaterThan(3);
    expect(await repository.jobs.deleting()).toEqual([]);
    expect(await repository.units.list(jobId, {}, 100)).toEqual([]);
    expect((await repository.units.counts(jobId)).total).toBe(0);
    expect(await repository.attempts.ofUnit({ jobId, scope: 'unit', index: 0 })).toEqual([]);
    expect(await repository.events.list(jobId, 0, 10)).toEqual([]);
    expect(await repository.leases.get(jobId)).toBeNull();
    expect(await repository.jobs.revisions(jobId)).toEqual([]);
    expect((await repository.units.counts(other.jobId)).total).toBe(5);
    expect(await tx(async (t) => t.jobs.deleteChunk(jobId, 10))).toBe('deleted');
  });

  // ── units ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  test('units are appended as pending, with key and payload as given; without a key the index is the key', async () => {
    const { repository, store, tx } = fresh();
    const payload = { text: 'Ünïcödé "quoted" \u0000 \u2028', deep: [{ n: 1e21, no: null, yes: true }], '': 'empty' };
    const { jobId } = await seedJob(store, { units: [payload, { b: 2 }], keys: ['first'], status: 'enumerating' });
    expect(await unitIn(store, jobId, 0)).toEqual({
      jobId,
      scope: 'unit',
      index: 0,
      key: 'first',
      payload,
      step: 0,
      status: 'pending',
      attempt: 0,
      retriesUsed: 0,
      deferrals: 0,
      interruptions: 0,
      notBefore: 0,
      failureClass: null,
      failureMessage: null,
    });
    expect((await unitIn(store, jobId, 1)).key).toBe('1');
    await tx(async (t) => t.units.add(jobId, 'unit', 2, []));
    expect(await repository.units.counts(jobId)).toMatchObject({ total: 2, pending: 2 });
    expect(await repository.units.get({ jobId, scope: 'unit', index: 2 })).toBeNull();
  });

  test('a key that exists is refused with nothing stored, and units are found by key', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store, { units: 2, keys: ['a', 'b'], status: 'enumerating' });
    const items = [
      { key: 'c', payload: {} },
      { key: 'a', payload: {} },
    ];
    const keys = items.map(({ key }, n) => ({ key, index: 2 + n }));
    const add = () =>
      tx(async (t) => {
        await t.units.add(jobId, 'unit', 2, items);
        await t.units.addKeys(jobId, keys);
      });
    expect(await code(add)).toBe('already_exists');
    expect((await repository.units.counts(jobId)).total).toBe(2);
    expect(await repository.units.indexesByKey(jobId, ['b', 'c', 'a'])).toEqual(
      new Map([
        ['a', 0],
        ['b', 1],
      ]),
    );
    expect(await repository.units.indexesByKey(jobId, [])).toEqual(new Map());
    const other = await seedJob(store, { units: 1, keys: ['a'] });
    expect(await repository.units.indexesByKey(other.jobId, ['a', 'b'])).toEqual(new Map([['a', 0]]));
  });

  test('the keys of a source are added once each and come back in the order of the index', async () => {
    const { repository, store, tx } = fresh();
    const keys = repository.sourceKeys();
    const texts = ['zwölf', '', 'b', 'a\u0000', 'a', '\u{1f600}', '\uffee', 'B', '10', '9'];
    for (const [index, key] of texts.entries()) expect(keys.add(key, index), key).toBe('added');
    for (const key of texts) expect(keys.add(key, 99), key).toBe('repeated');
    const sorted = [...keys.sorted()];
    keys.close();
    const bytes = (key: string) => Buffer.from(key);
    const expected = texts.map((key, index) => ({ key, index }));
    expect(sorted).toEqual(expected.sort((a, b) => bytes(a.key).compare(bytes(b.key))));
    const { jobId } = await seedJob(store, { units: texts.length });
    await tx(async (t) => t.units.addKeys(jobId, sorted));
    expect(await repository.units.indexesByKey(jobId, texts)).toEqual(new Map(texts.map((key, index) => [key, index])));
  });

  test('two sources are read at once, each with keys of its own', () => {
    const { repository } = fresh();
    const [one, other] = [repository.sourceKeys(), repository.sourceKeys()];
    expect([one.add('a', 0), other.add('a', 5), other.add('a', 6)]).toEqual(['added', 'added', 'repeated']);
    one.close();
    expect([...other.sorted()]).toEqual([{ key: 'a', index: 5 }]);
    other.close();
  });

  test('units move only where the table allows it, all that match and no other, with their counters reset', async () => {
    const { store, tx } = fresh();
    for (const to of UNIT_STATUSES) {
      const { jobId } = await seedJob(store, { units: UNIT_STATUSES.length, limits: { max_workers: 16 } });
      await putIntoEveryStatus(store, jobId);
      const before = await Promise.all(UNIT_STATUSES.map((_, index) => unitIn(store, jobId, index)));
      const { changed, last } = await tx(async (t) => t.units.moveMany(jobId, {}, to, 100));
      const movable = before.filter(({ status }) => canMoveUnit(status, to));
      expect([changed, last], to).toEqual([movable.length, null]);
      for (const unit of before) {
        const over = { status: to, retriesUsed: 0, deferrals: 0, interruptions: 0, notBefore: 0, failureClass: null };
        const expected = movable.includes(unit) ? { ...unit, ...over, failureMessage: null } : unit;
        expect(await unitIn(store, jobId, unit.index), `${unit.status} → ${to}`).toEqual(expected);
      }
      // Attempts that run on without their row are settled, so that the invariants hold.
      await settleStrays(store, jobId);
    }
  });

  test('a filter that asks for what cannot move moves nothing', async () => {
    const { store, tx } = fresh();
    const { jobId } = await seedJob(store);
    const move = (status: UnitStatus, to: UnitStatus) =>
      tx(async (t) => t.units.moveMany(jobId, { statuses: [status] }, to, 10));
    expect(await move('pending', 'completed')).toEqual({ changed: 0, last: null });
    expect(await move('failed', 'pending')).toEqual({ changed: 0, last: null });
    expect(await move('pending', 'running')).toEqual({ changed: 3, last: null });
    await move('running', 'pending');
  });

  test('many units move in chunks, from cursor to cursor', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store, { units: 10 });
    const steps: number[] = [];
    for (let after: number | null = -1; after !== null; ) {
      const cursor: number = after;
      const step = await tx(async (t) => t.units.moveMany(jobId, { after: cursor }, 'skipped', 4));
      steps.push(step.changed);
      after = step.last;
    }
    expect(steps).toEqual([4, 4, 2]);
    expect(await repository.units.counts(jobId)).toMatchObject({ skipped: 10, pending: 0 });
  });

  test('units are listed in index order by status, class, index, text and cursor, with their latest attempt', async () => {
    const { repository, store } = fresh();
    const { jobId } = await seedJob(store, {
      units: ['Alpha', 'beta', 'ALPHABET', '50%', 'a_b', 'acb'].map((name) => ({ name })),
      keys: ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'],
    });
    const lease = await holdLease(store, jobId);
    await settleAs(store, await claimOne(store, lease, 1), 'timeout', 'failed');
    await settleAs(store, await claimOne(store, lease, 3), 'crashed', 'failed');
    await settleAs(store, await claimOne(store, lease, 2), null, 'completed');
    const found = async (filter: Parameters<typeof repository.units.list>[1], limit = 10) =>
      (await repository.units.list(jobId, filter, limit)).map(({ unit }) => unit.index);
    expect(await found({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await found({}, 2)).toEqual([0, 1]);
    expect(await found({ after: 3 })).toEqual([4, 5]);
    expect(await found({ statuses: ['failed', 'completed'] })).toEqual([1, 2, 3]);
    expect(await found({ failureClass: 'crashed' })).toEqual([3]);
    expect(await found({ indexes: [5, 0, 99] })).toEqual([0, 5]);
    expect(await found({ text: 'alpha' })).toEqual([0, 2]);
    expect(await found({ text: '%' })).toEqual([3]);
    expect(await found({ text: 'a_b' })).toEqual([4]);
    expect(await found({ text: 'k5' })).toEqual([5]);
    expect(await found({ statuses: ['failed'], failureClass: 'timeout', indexes: [1, 3] })).toEqual([1]);
    expect(await found({ scope: 'job' })).toEqual([]);
    const [, failed, completed] = await repository.units.list(jobId, {}, 3);
    expect(failed?.attempt).toMatchObject({ attempt: 1, status: 'timed_out', failureClass: 'timeout' });
    expect(completed?.attempt?.result).toEqual({ text: 'done' });
  });

  test('units come with the result of their latest attempt, in index order, by status and cursor', async () => {
    const { repository, store } = fresh();
    const { jobId } = await seedJob(store, { units: 5 });
    const lease = await holdLease(store, jobId);
    await settleAs(store, await claimOne(store, lease, 3), null, 'completed');
    await settleAs(store, await claimOne(store, lease, 1), 'timeout', 'pending');
    await settleAs(store, await claimOne(store, lease, 1), 'timeout', 'failed');
    const found = async (filter: Parameters<typeof repository.units.results>[1], limit = 10) =>
      (await repository.units.results(jobId, filter, limit)).map(({ unit }) => unit.index);
    expect(await found({})).toEqual([0, 1, 2, 3, 4]);
    expect(await found({ after: 1 }, 2)).toEqual([2, 3]);
    expect(await found({ statuses: ['failed', 'completed'] })).toEqual([1, 3]);
    expect(await found({ statuses: ['failed', 'completed'], after: 1 })).toEqual([3]);
    const listed = await repository.units.list(jobId, {}, 10);
    for (const [at, { unit, results }] of (await repository.units.results(jobId, {}, 10)).entries()) {
      expect(listed[at]?.unit).toMatchObject(unit);
      expect(listed[at]?.attempt?.result ?? null).toEqual(results.get(0) ?? null);
    }
  });

  test('a unit passes its steps, with a result of each; put back, it begins again or goes on where it stopped', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store, { units: 3 });
    const lease = await holdLease(store, jobId);
    const pass = async (unit: number, step: number, status: 'pending' | 'completed' = 'pending') =>
      settleAs(store, await claimOne(store, lease, unit), null, status, { step });
    const at = async (unit: number) => {
      const { step, status } = await unitIn(store, jobId, unit);
      const results = await repository.units.resultsOf({ jobId, scope: 'unit', index: unit });
      return { step, status, results: [...results.keys()] };
    };
    for (const unit of [0, 1, 2]) await pass(unit, 1);
    expect(await at(0)).toEqual({ step: 1, status: 'pending', results: [0] });
    await pass(0, 1, 'completed');
    await settleAs(store, await claimOne(store, lease, 1), 'timeout', 'failed');
    expect(await at(0)).toEqual({ step: 1, status: 'completed', results: [0, 1] });
    const rows = await repository.units.results(jobId, {}, 9);
    expect(rows.map(({ results }) => [...results.keys()])).toEqual([[0, 1], [0], [0]]);
    expect(await repository.units.stepCounts(jobId)).toEqual(
      expect.arrayContaining([
        { step: 1, status: 'completed', failureClass: null, count: 1 },
        { step: 1, status: 'failed', failureClass: 'timeout', count: 1 },
        { step: 1, status: 'pending', failureClass: null, count: 1 },
      ]),
    );
    expect((await repository.jobs.tally(jobId)).steps).toMatchObject([
      { step: 0, unitsTried: 3 },
      { step: 1, unitsTried: 2 },
    ]);
    await tx(async (t) => t.units.restart(jobId, 'unit', [0], 1));
    expect(await at(0)).toEqual({ step: 1, status: 'pending', results: [0] });
    await pass(0, 1, 'completed');
    await tx(async (t) => t.units.moveMany(jobId, { statuses: ['completed', 'failed'] }, 'pending', 9));
    expect(await at(0)).toEqual({ step: 0, status: 'pending', results: [] });
    expect(await at(1)).toEqual({ step: 1, status: 'pending', results: [0] });
    await tx(async (t) => t.units.restart(jobId, 'unit', [1], 0));
    expect(await at(1)).toEqual({ step: 0, status: 'pending', results: [] });
    expect((await repository.attempts.ofUnit({ jobId, scope: 'unit', index: 1 })).map(({ step }) => step)).toEqual([
      0, 1,
    ]);
  });

  test('the usage of units covers all their attempts and adds up to the cost of the job', async () => {
    const { repository, store } = fresh();
    const { jobId } = await seedJob(store, { units: 3 });
    const lease = await holdLease(store, jobId);
    const used = (costUsd: number, durationMs: number) => ({ usage: { costUsd, durationMs } });
    await settleAs(store, await claimOne(store, lease, 0), null, 'completed', used(0.1, 5));
    await settleAs(store, await claimOne(store, lease, 1), 'timeout', 'pending', used(0.1, 7));
    await settleAs(store, await claimOne(store, lease, 1), null, 'completed', used(0.2, 8));
    const rows = (await repository.units.results(jobId, {}, 10)).map((row) => row.used);
    expect(rows).toEqual([
      { costUsd: 0.1, durationMs: 5 },
      { costUsd: 0.3, durationMs: 15 },
      { costUsd: null, durationMs: null },
    ]);
    expect((await repository.jobs.get(jobId))?.costUsd).toBeCloseTo(0.4, 9);
  });

  test('failures are counted by class, most frequent first, with the first one as example', async () => {
    const { repository, store } = fresh();
    const { jobId } = await seedJob(store, { units: 6 });
    const lease = await holdLease(store, jobId);
    await settleAs(store, await claimOne(store, lease, 4), 'crashed', 'failed');
    await settleAs(store, await claimOne(store, lease, 2), 'crashed', 'failed');
    await settleAs(store, await claimOne(store, lease, 1), 'timeout', 'failed');
    await settleAs(store, await claimOne(store, lease, 0), 'timeout', 'pending');
    expect(await repository.units.failures(jobId)).toEqual([
      { failureClass: 'crashed', count: 2, example: { index: 2, message: 'crashed of unit 2' } },
      { failureClass: 'timeout', count: 1, example: { index: 1, message: 'timeout of unit 1' } },
    ]);
    expect(await repository.units.stepCounts(jobId)).toEqual(
      expect.arrayContaining([
        { step: 0, status: 'pending', failureClass: null, count: 2 },
        { step: 0, status: 'pending', failureClass: 'timeout', count: 1 },
        { step: 0, status: 'failed', failureClass: 'timeout', count: 1 },
        { step: 0, status: 'failed', failureClass: 'crashed', count: 2 },
      ]),
    );
  });

  test('the payload of a unit can be replaced', async () => {
    const { store, tx } = fresh();
    const { jobId } = await seedJob(store);
    await tx(async (t) => t.units.setPayload({ jobId, scope: 'unit', index: 1 }, { other: true }));
    expect((await unitIn(store, jobId, 1)).payload).toEqual({ other: true });
    expect((await unitIn(store, jobId, 0)).payload).toEqual({ name: 'item 0' });
  });

  // ── attempts, events ──────────────────────────────────────────────────────────────────────────────────────────────

  test('a run is recorded on a running attempt only', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store);
    const lease = await holdLease(store, jobId);
    const claim = await claimOne(store, lease, 0);
    const record = (pid: number, deadlineAt: number) =>
      tx(async (t) => t.attempts.recordRun(claim.attempt, { handle: { pid, at: ['s'] }, machineId: 'm', deadlineAt }));
    expect(await record(4711, 99)).toBe('noted');
    const recorded = { handle: { pid: 4711, at: ['s'] }, machineId: 'm', deadlineAt: 99 };
    expect(await repository.attempts.get(claim.attempt)).toMatchObject(recorded);
    expect(await repository.attempts.running(jobId)).toHaveLength(1);
    await settleAs(store, claim, null, 'completed');
    expect(await record(1, 1)).toBe('ended');
    expect(await repository.attempts.get(claim.attempt)).toMatchObject(recorded);
    expect(await repository.attempts.running(jobId)).toEqual([]);
  });

  test('a judge is counted on a running attempt only', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store);
    const claim = await claimOne(store, await holdLease(store, jobId), 0);
    const judge = () => tx(async (t) => t.attempts.recordJudge(claim.attempt));
    expect(await judge()).toBe('noted');
    await settleAs(store, claim, null, 'completed');
    expect(await judge()).toBe('ended');
    expect((await repository.attempts.get(claim.attempt))?.judges).toBe(1);
  });

  test('recent attempts are listed newest first', async () => {
    const { repository, store, clock } = fresh();
    const { jobId } = await seedJob(store, { units: 4 });
    const lease = await holdLease(store, jobId);
    const start = clock.now();
    for (const [unit, failure] of [
      [0, null],
      [1, 'timeout'],
      [2, 'crashed'],
    ] as const) {
      clock.advance(10);
      await settleAs(store, await claimOne(store, lease, unit), failure, failure ? 'failed' : 'completed');
    }
    await claimOne(store, lease, 3);
    const recent = async (since: number, limit = 9) =>
      (await repository.attempts.recent(jobId, since, limit)).map(({ index }) => index);
    expect(await recent(start)).toEqual([2, 1, 0]);
    expect(await recent(start + 20)).toEqual([2, 1]);
    expect(await recent(start, 1)).toEqual([2]);
    const lately = (since: number, limit = 9) => repository.attempts.recentThroughput(jobId, since, limit);
    expect(await lately(start)).toEqual({ ended: 3, first: start + 10 });
    expect(await lately(start + 20)).toEqual({ ended: 2, first: start + 20 });
    expect(await lately(start, 2)).toEqual({ ended: 2, first: start + 20 });
    expect(await lately(start + 31)).toEqual({ ended: 0, first: null });
  });

  test('events are numbered without a gap per job and read from any of them on', async () => {
    const { repository, store, tx, clock } = fresh();
    const { jobId } = await seedJob(store);
    const other = await seedJob(store);
    const add = (id: string, data?: { n: number }) =>
      tx(async (t) =>
        t.events.add(id, {
          type: 'unit:completed',
          scope: 'unit',
          index: 1,
          attempt: 2,
          ...(data && { data }),
        }),
      );
    expect([await add(jobId, { n: 1 }), await add(other.jobId), await add(jobId)]).toEqual([1, 1, 2]);
    expect(await repository.events.list(jobId, 0, 1)).toEqual([
      { jobId, seq: 1, at: clock.now(), type: 'unit:completed', scope: 'unit', index: 1, attempt: 2, data: { n: 1 } },
    ]);
    expect((await repository.events.list(jobId, 1, 10)).map(({ seq, data }) => [seq, data])).toEqual([[2, {}]]);
    expect(await code(() => add('job-none'))).toBe('not_found');
  });

  // ── leases, gates, approvals ──────────────────────────────────────────────────────────────────────────────────────

  test('a lease is held by one; each new claim has a higher epoch', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store);
    const claim = { jobId, owner: 'a', leaseMs: 100, pid: 1, startedAt: 's', bootId: 'b', machineId: 'm' };
    const acquire = (owner: string, over: Lease | null = null) =>
      tx(async (t) => t.leases.acquire({ ...claim, owner }, over));
    expect(await acquire('a')).toEqual({ jobId, epoch: 1, owner: 'a' });
    expect(await acquire('b')).toBeNull();
    expect(await repository.leases.get(jobId)).toMatchObject({ ...claim, epoch: 1, heartbeat: 0, released: false });
    expect((await repository.leases.held()).map((lease) => lease.jobId)).toEqual([jobId]);
    const token = { jobId, epoch: 1, owner: 'a' };
    expect(await tx(async (t) => t.leases.release(token))).toBe('released');
    expect(await tx(async (t) => t.leases.release(token))).toBe('lost');
    expect(await repository.leases.held()).toEqual([]);
    expect(await acquire('b')).toEqual({ jobId, epoch: 2, owner: 'b' });
  });

  test('a lease is taken over only from the holder that was seen, and only if it has not moved since', async () => {
    const { repository, store, tx } = fresh();
    const { jobId } = await seedJob(store);
    const first = await holdLease(store, jobId);
    const seen = await repository.leases.get(jobId);
    const claim = { jobId, owner: 'next', leaseMs: 100, pid: 2, startedAt: null, bootId: null, machineId: null };
    const takeOver = () => tx(async (t) => t.leases.acquire(claim, seen));
    expect(await tx(async (t) => t.leases.beat(first))).toBe('held');
    expect(await takeOver()).toBeNull();
    const now = await repository.leases.get(jobId);
    expect(await tx(async (t) => t.leases.acquire(claim, now))).toEqual({ jobId, epoch: 2, owner: 'next' });
    expect(await tx(async (t) => t.leases.beat(first))).toBe('lost');
    expect(await tx(async (t) => t.leases.holds(first))).toBe(false);
    expect(await tx(async (t) => t.leases.release(first))).toBe('lost');
    expect(await tx(async (t) => t.leases.acquire(claim, now))).toBeNull();
  });

  test('a quota closes until the later of two times, for every job, and can be opened', async () => {
    const { repository, tx } = fresh();
    const close = (closedUntil: number, reason: string) =>
      tx(async (t) => t.quotas.close({ type: 'claude', closedUntil, reason }));
    expect(await repository.quotas.get('claude')).toBeNull();
    await close(200, 'weekly');
    await close(100, 'daily');
    expect(await repository.quotas.get('claude')).toEqual({ type: 'claude', closedUntil: 200, reason: 'weekly' });
    await close(300, 'monthly');
    expect(await repository.quotas.get('claude')).toEqual({ type: 'claude', closedUntil: 300, reason: 'monthly' });
    expect(await repository.quotas.get('command')).toBeNull();
    await tx(async (t) => t.quotas.open('claude'));
    expect(await repository.quotas.get('claude')).toBeNull();
  });

  const terms = { max_workers: 4, max_retries: 3, timeout_s: 60, budget_usd: 10, 'test.units': 1 };

  test('a definition is requested once, approved, revoked and approved again', async () => {
    const { repository, tx, clock } = fresh();
    const asked = {
      about: 'job',
      title: 'Job',
      powers: [{ kind: 'programs', what: 'sh' }],
      files: { '/a/x.mjs': 'ff', '/a/gone': null },
      source: null,
    } as const;
    const request = (definition: string) => tx(async (t) => t.approvals.request({ ...asked, definition }));
    const states = async () =>
      (await repository.approvals.list(10)).map(({ definition, approvedAt, revokedAt }) => [
        definition,
        approvedAt,
        revokedAt,
      ]);
    const requestedAt = clock.now();
    await request('aa');
    clock.advance(5);
    await request('ab');
    expect(await states()).toEqual([
      ['ab', null, null],
      ['aa', null, null],
    ]);
    expect(await tx(async (t) => t.approvals.revoke('aa'))).toBe('unchanged');
    expect(await tx(async (t) => t.approvals.beginTest('aa'))).toBe('conflict');
    expect(await tx(async (t) => t.approvals.approve('aa', 'cli', terms))).toBe('approved');
    expect(await tx(async (t) => t.approvals.approve('zz', 'cli', terms))).toBe('unknown');
    await request('aa');
    const whole = {
      ...asked,
      definition: 'aa',
      requestedAt,
      approvedAt: clock.now(),
      approvedBy: 'cli',
      revokedAt: null,
      terms,
      testedAt: null,
    };
    expect(await repository.approvals.get('aa')).toEqual(whole);
    expect(await repository.approvals.get('cc')).toBeNull();
    expect((await repository.approvals.startingWith('a')).map(({ definition }) => definition)).toEqual(['aa', 'ab']);
    expect((await repository.approvals.startingWith('aa')).map(({ definition }) => definition)).toEqual(['aa']);
    clock.advance(5);
    expect(await tx(async (t) => t.approvals.revoke('aa'))).toBe('revoked');
    expect(await tx(async (t) => t.approvals.revoke('aa'))).toBe('unchanged');
    expect(await repository.approvals.get('aa')).toEqual({ ...whole, revokedAt: clock.now() });
    expect(await tx(async (t) => t.approvals.beginTest('aa'))).toBe('conflict');
    const lower = { ...terms, budget_usd: 1 };
    await tx(async (t) => t.approvals.approve('aa', 'dashboard', lower));
    const renewed = { approvedBy: 'dashboard', revokedAt: null, terms: lower };
    expect(await repository.approvals.get('aa')).toMatchObject(renewed);
  });

  test('one approval covers one test at a time', async () => {
    const { repository, tx, clock } = fresh();
    const asked = { about: 'job', title: 'letters', powers: [], files: {}, source: null } as const;
    for (const definition of ['aa', 'ab']) {
      await tx(async (t) => t.approvals.request({ ...asked, definition }));
      await tx(async (t) => t.approvals.approve(definition, 'cli', terms));
    }
    const begin = () => tx(async (t) => t.approvals.beginTest('aa'));
    expect([await begin(), await begin()]).toEqual(['begun', 'conflict']);
    expect((await repository.approvals.get('aa'))?.testedAt).toBe(clock.now());
    expect((await repository.approvals.get('ab'))?.testedAt).toBeNull();
    await tx(async (t) => t.approvals.endTest('aa'));
    expect([await begin(), await begin()]).toEqual(['begun', 'conflict']);
    await tx(async (t) => t.approvals.approve('aa', 'cli', terms));
    expect(await begin()).toBe('begun');
  });

  test('approved terms stay where they are higher', async () => {
    const { repository, tx } = fresh();
    const asked = { about: 'job', title: 'letters', powers: [], files: {}, source: null } as const;
    await tx(async (t) => t.approvals.request({ ...asked, definition: 'aa' }));
    await tx(async (t) => t.approvals.approve('aa', 'cli', terms));
    await tx(async (t) => t.approvals.agree('aa', { ...terms, max_workers: 9, budget_usd: 1 }));
    expect((await repository.approvals.get('aa'))?.terms).toEqual({ ...terms, max_workers: 9 });
    await tx(async (t) => t.approvals.approve('aa', 'cli', { ...terms, 'test.units': 3 }));
    expect((await repository.approvals.get('aa'))?.terms).toEqual({ ...terms, max_workers: 9, 'test.units': 3 });
    await tx(async (t) => t.approvals.approve('aa', 'cli', { ...terms, budget_usd: null }));
    expect((await repository.approvals.get('aa'))?.terms).toMatchObject({ budget_usd: null });
  });

  test('jobs are found by their approved definition', async () => {
    const { repository, tx, store } = fresh();
    const one = await seedJob(store);
    await seedJob(store);
    expect(await repository.jobs.approvedAs('aa')).toEqual([]);
    await tx(async (t) => t.jobs.patch(one.jobId, { approvedDefinition: 'aa' }));
    expect((await repository.jobs.approvedAs('aa')).map(({ jobId }) => jobId)).toEqual([one.jobId]);
  });
}

/** Unit n is put into the n-th status, by the way a unit gets there. */
async function putIntoEveryStatus(store: Store, jobId: string): Promise<void> {
  const { repository } = store;
  const lease = await holdLease(store, jobId);
  for (const [index, status] of UNIT_STATUSES.entries()) {
    if (status === 'pending') continue;
    if (status === 'skipped' || status === 'cancelled') {
      await repository.transaction({ job: jobId }, async (tx) =>
        tx.units.moveMany(jobId, { indexes: [index] }, status, 1),
      );
      continue;
    }
    const claim = await claimOne(store, lease, index);
    if (status !== 'running') await settleAs(store, claim, status === 'failed' ? 'timeout' : null, status);
  }
}

async function settleStrays(store: Store, jobId: string): Promise<void> {
  for (const attempt of await store.repository.attempts.running(jobId)) {
    await settleAs(store, { attempt, unit: await unitIn(store, jobId, attempt.index) }, 'cancelled', 'cancelled');
  }
  const statuses = ['running', 'completed', 'failed'] as const;
  await store.repository.transaction({ job: jobId }, async (tx) =>
    tx.units.moveMany(jobId, { statuses }, 'pending', 100),
  );
}

async function code(run: () => Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof AbpError) return error.code;
    throw error;
  }
}
