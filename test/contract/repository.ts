import { expect, test } from 'vitest';
import { AbpError, type ErrorCode } from '../../src/domain/error.ts';
import { JOB_STATUSES, type JobStatus, jobStatusesBefore } from '../../src/domain/job.ts';
import { canMoveUnit, UNIT_STATUSES, type UnitStatus } from '../../src/domain/unit.ts';
import type { JobPatch } from '../../src/ports/job-store.ts';
import type { Store } from '../../src/repository/index.ts';
import { type FakeClock, fakeClock } from '../helpers/clock.ts';
import { claimOne, holdLease, seedJob, settleAs, unitIn } from '../helpers/store.ts';

/** What every repository does. `open` makes an empty store of the test. Call it inside a `describe`. */
export function repositoryContract(open: (clock: FakeClock) => Store): void {
  const fresh = () => {
    const clock = fakeClock();
    const store = open(clock);
    return { ...store, store, clock, tx: store.repository.transaction };
  };

  test('a transaction is committed whole, or not at all', () => {
    const { repository, tx, store } = fresh();
    const job = seedJob(store);
    const broken = () =>
      tx((t) => {
        repository.jobs.patch(t, job.jobId, { name: 'other' });
        repository.events.add(t, job.jobId, { type: 'job:updated' });
        throw new Error('half-way');
      });
    expect(broken).toThrow('half-way');
    expect(repository.jobs.get(job.jobId)).toEqual(job);
    expect(repository.events.list(job.jobId, 0, 10)).toEqual([]);
  });

  test('a transaction inside a transaction is refused: one that looks nested could not be rolled back alone', () => {
    const { tx } = fresh();
    expect(code(() => tx(() => tx(() => 1)))).toBe('internal');
  });

  // ── jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  test('a job is read as it was written', () => {
    const { repository, store } = fresh();
    const post = { name: 'sum', prompt: 'Sum it up', outputDirectory: '/out/post', onFailures: 'run' } as const;
    const job = seedJob(store, {
      jobId: 'job-a',
      units: [{ a: 1 }, { b: 'zwölf' }],
      job: {
        name: 'Jöb "1"',
        passEnv: ['TOKEN'],
        requireHumanApproval: true,
        redactResults: false,
        postProcessing: post,
        testUnits: 2,
      },
      revision: { outputSchema: { type: 'object' }, note: 'first', worker: { type: 'claude', model: 'x' } },
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
      postProcessing: post,
      pauseReason: null,
      pausedFrom: null,
      test: null,
      costUsd: 0,
      eventSeq: 0,
    });
    expect(repository.jobs.get('job-a')).toEqual(job);
    expect(repository.jobs.revision('job-a', 1)).toMatchObject({
      outputSchema: { type: 'object' },
      note: 'first',
      worker: { type: 'claude', model: 'x' },
      limits: { max_workers: 7, budget_usd: 1.5, max_retries: 3 },
    });
    expect(repository.jobs.get('job-b')).toBeNull();
    expect(repository.jobs.revision('job-a', 2)).toBeNull();
  });

  test('a status moves only where the table allows it, and a refused move writes nothing', () => {
    const { repository, tx, store } = fresh();
    for (const from of JOB_STATUSES) {
      for (const to of JOB_STATUSES) {
        const { jobId } = seedJob(store, { status: from, units: 1 });
        const patch: JobPatch = { statusMessage: 'moved', resumeAt: 5, totalUnits: 1 };
        const moved = tx((t) => repository.jobs.move(t, jobId, to, { patch }));
        expect(moved, `${from} → ${to}`).toBe(jobStatusesBefore(to).includes(from) ? 'moved' : 'conflict');
        expect(repository.jobs.get(jobId)).toMatchObject(
          moved === 'moved' ? { status: to, ...patch } : { status: from, statusMessage: null, resumeAt: null },
        );
      }
    }
  });

  test('a move can be narrowed to some statuses; of two that compete one wins', () => {
    const { repository, tx, store } = fresh();
    const { jobId } = seedJob(store, { status: 'created' });
    const move = (to: JobStatus, from: readonly JobStatus[]) => tx((t) => repository.jobs.move(t, jobId, to, { from }));
    expect(move('running', ['testing'])).toBe('conflict');
    expect(move('running', ['created'])).toBe('moved');
    expect(move('running', ['created'])).toBe('conflict');
    expect(move('paused', [])).toBe('conflict');
  });

  test('a pause notes what was paused', () => {
    const { repository, tx, store } = fresh();
    const { jobId } = seedJob(store, { status: 'post_processing' });
    expect(repository.jobs.get(jobId)?.pausedFrom).toBeNull();
    tx((t) => repository.jobs.move(t, jobId, 'paused'));
    expect(repository.jobs.get(jobId)?.pausedFrom).toBe('post_processing');
    tx((t) => repository.jobs.move(t, jobId, 'running'));
    tx((t) => repository.jobs.move(t, jobId, 'paused'));
    expect(repository.jobs.get(jobId)?.pausedFrom).toBe('running');
  });

  test('a patch writes what it names and nothing else, and only in the statuses it is for', () => {
    const { repository, tx, store } = fresh();
    const before = seedJob(store);
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
      executorsLost: 2,
      startedAt: 3,
      endedAt: 4,
    };
    expect(tx((t) => repository.jobs.patch(t, before.jobId, patch, ['paused']))).toBe('conflict');
    expect(repository.jobs.get(before.jobId)).toEqual(before);
    expect(tx((t) => repository.jobs.patch(t, before.jobId, patch, ['running']))).toBe('written');
    expect(repository.jobs.get(before.jobId)).toEqual({ ...before, ...patch });
    expect(tx((t) => repository.jobs.patch(t, before.jobId, {}))).toBe('written');
    expect(tx((t) => repository.jobs.patch(t, 'job-none', { name: 'x' }))).toBe('conflict');
  });

  test('jobs are listed newest first, by page, filtered, counted; one that is being enumerated only when asked for', () => {
    const { repository, store } = fresh();
    for (const n of [1, 2, 3, 4, 5]) {
      seedJob(store, {
        jobId: `job-l${n}`,
        job: { createdAt: n < 3 ? 10 : 10 + n, name: n === 4 ? '100%_x' : `n${n}` },
      });
    }
    seedJob(store, { jobId: 'job-l6', status: 'enumerating' });
    const ids = (filter: Partial<Parameters<typeof repository.jobs.list>[0]>) =>
      repository.jobs.list({ limit: 10, ...filter }).jobs.map(({ jobId }) => jobId);
    expect(ids({})).toEqual(['job-l5', 'job-l4', 'job-l3', 'job-l2', 'job-l1']);
    expect(repository.jobs.list({ limit: 2 }).total).toBe(5);
    expect(ids({ limit: 2, after: { createdAt: 14, jobId: 'job-l4' } })).toEqual(['job-l3', 'job-l2']);
    expect(ids({ after: { createdAt: 10, jobId: 'job-l2' } })).toEqual(['job-l1']);
    expect(ids({ after: { createdAt: 10, jobId: 'job-l1' } })).toEqual([]);
    expect(ids({ limit: 1, after: { createdAt: 14, jobId: 'job-gone' } })).toEqual(['job-l3']);
    expect(ids({ statuses: ['paused'] })).toEqual([]);
    expect(ids({ statuses: ['enumerating'] })).toEqual(['job-l6']);
    expect(ids({ search: '100%_x' })).toEqual(['job-l4']);
    expect(ids({ search: '%' })).toEqual(['job-l4']);
    expect(ids({ search: 'JOB-L5' })).toEqual(['job-l5']);
    expect(repository.jobs.idsWithPrefix('job-l')).toHaveLength(6);
    expect(repository.jobs.idsWithPrefix('job-l3')).toEqual(['job-l3']);
    expect(repository.jobs.idsWithPrefix('job-_')).toEqual([]);
  });

  test('revisions are numbered from 1; the newest is the current one and sets the slots', () => {
    const { repository, tx, store, clock } = fresh();
    const { jobId } = seedJob(store);
    const first = repository.jobs.revision(jobId, 1);
    if (!first) throw new Error('no first revision');
    clock.advance(5);
    const next = { ...first, template: 'Again {name}', limits: { ...first.limits, max_workers: 9 }, note: 'better' };
    expect(tx((t) => repository.jobs.addRevision(t, next))).toBe(2);
    expect(repository.jobs.get(jobId)).toMatchObject({ revision: 2, maxWorkers: 9 });
    expect(repository.jobs.revision(jobId, 1)).toEqual(first);
    expect(repository.jobs.revision(jobId, 2)).toEqual({ ...next, revision: 2, createdAt: clock.now() });
    expect(repository.jobs.revisions(jobId).map(({ revision }) => revision)).toEqual([1, 2]);
    tx((t) => repository.jobs.setTemplate(t, jobId, 2, 'Once more {name}'));
    expect(repository.jobs.revision(jobId, 2)?.template).toBe('Once more {name}');
    expect(code(() => tx((t) => repository.jobs.addRevision(t, { ...next, jobId: 'job-none' })))).toBe('not_found');
  });

  test('a new base of the failures rule holds nothing that was before it against the job', () => {
    const { repository, store, tx, clock } = fresh();
    const { jobId } = seedJob(store, { units: 6 });
    const lease = holdLease(store, jobId);
    for (const unit of [0, 1, 2]) settleAs(store, claimOne(store, lease, unit), 'timeout', 'failed');
    expect(repository.jobs.tally(jobId)).toMatchObject({ unitsTried: 3, breakerBaseTried: 0, breakerBaseByClass: {} });
    clock.advance(10);
    tx((t) => repository.jobs.resetCircuitBreaker(t, jobId));
    expect(repository.jobs.tally(jobId)).toMatchObject({
      unitsTried: 3,
      breakerBaseTried: 3,
      breakerBaseByClass: { timeout: 3 },
      breakerSince: clock.now(),
    });
  });

  test('jobs that want an executor: at work, waiting for a window, unsettled attempts, a queue to be emptied', () => {
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
    seedJob(store, { jobId: 'job-yes1', status: 'running' });
    seedJob(store, { jobId: 'job-yes2', status: 'post_processing' });
    seedJob(store, { jobId: 'job-yes3', status: 'testing', patch: { test: running } });
    seedJob(store, { jobId: 'job-yes4', status: 'paused', patch: { pauseReason: 'usage_limit' } });
    seedJob(store, { jobId: 'job-yes5', status: 'cancelled' });
    seedJob(store, { jobId: 'job-yes6' });
    claimOne(store, holdLease(store, 'job-yes6'), 0);
    tx((t) => repository.jobs.move(t, 'job-yes6', 'paused', { patch: { pauseReason: 'user' } }));
    seedJob(store, { jobId: 'job-no1', status: 'created' });
    seedJob(store, { jobId: 'job-no2', status: 'testing', patch: { test: passed } });
    seedJob(store, { jobId: 'job-no3', status: 'paused', patch: { pauseReason: 'user' } });
    seedJob(store, { jobId: 'job-no4', status: 'completed' });
    seedJob(store, { jobId: 'job-no5', status: 'cancelled', units: 0 });
    seedJob(store, { jobId: 'job-no6', status: 'enumerating' });
    seedJob(store, { jobId: 'job-no7' });
    tx((t) => repository.jobs.markDeleting(t, 'job-no7'));
    const wanting = repository.jobs.wantingExecutor().map(({ jobId }) => jobId);
    expect(wanting).toEqual(['job-yes1', 'job-yes2', 'job-yes3', 'job-yes4', 'job-yes5', 'job-yes6']);
  });

  test('a job marked for deletion is seen by nobody and taken apart in chunks, to the last row of it and no other', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store, { units: 25 });
    const other = seedJob(store, { units: 5 });
    const lease = holdLease(store, jobId);
    for (const unit of [0, 1, 2]) settleAs(store, claimOne(store, lease, unit), null, 'completed');
    tx((t) => repository.events.add(t, jobId, { type: 'job:started' }));
    tx((t) => repository.jobs.markDeleting(t, jobId));
    expect(repository.jobs.get(jobId)).toBeNull();
    expect(repository.jobs.idsWithPrefix(jobId)).toEqual([]);
    expect(repository.jobs.list({ limit: 9 }).total).toBe(1);
    expect(tx((t) => repository.jobs.move(t, jobId, 'paused'))).toBe('conflict');
    expect(tx((t) => repository.jobs.patch(t, jobId, { name: 'x' }))).toBe('conflict');
    expect(repository.jobs.deleting()).toEqual([jobId]);
    let chunks = 1;
    while (tx((t) => repository.jobs.deleteChunk(t, jobId, 10)) === 'left') chunks += 1;
    expect(chunks).toBeGreaterThan(3);
    expect(repository.jobs.deleting()).toEqual([]);
    expect(repository.units.list(jobId, {}, 100)).toEqual([]);
    expect(repository.units.counts(jobId).total).toBe(0);
    expect(repository.attempts.ofUnit({ jobId, stage: 'main', index: 0 })).toEqual([]);
    expect(repository.events.list(jobId, 0, 10)).toEqual([]);
    expect(repository.leases.get(jobId)).toBeNull();
    expect(repository.jobs.revisions(jobId)).toEqual([]);
    expect(repository.units.counts(other.jobId).total).toBe(5);
    expect(tx((t) => repository.jobs.deleteChunk(t, jobId, 10))).toBe('deleted');
  });

  // ── units ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  test('units are appended as pending, with key and payload as given; without a key the index is the key', () => {
    const { repository, store, tx } = fresh();
    const payload = { text: 'Ünïcödé "quoted" \u0000 \u2028', deep: [{ n: 1e21, no: null, yes: true }], '': 'empty' };
    const { jobId } = seedJob(store, { units: [payload, { b: 2 }], keys: ['first'], status: 'enumerating' });
    expect(unitIn(store, jobId, 0)).toEqual({
      jobId,
      stage: 'main',
      index: 0,
      key: 'first',
      payload,
      status: 'pending',
      attempt: 0,
      retriesUsed: 0,
      deferrals: 0,
      interruptions: 0,
      notBefore: 0,
      failureClass: null,
      failureMessage: null,
    });
    expect(unitIn(store, jobId, 1).key).toBe('1');
    tx((t) => repository.units.add(t, jobId, 'main', 2, []));
    expect(repository.units.counts(jobId)).toMatchObject({ total: 2, pending: 2 });
    expect(repository.units.get({ jobId, stage: 'main', index: 2 })).toBeNull();
  });

  test('a key that is there already is refused with nothing stored, and known keys are found', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store, { units: 2, keys: ['a', 'b'], status: 'enumerating' });
    const items = [
      { key: 'c', payload: {} },
      { key: 'a', payload: {} },
    ];
    expect(code(() => tx((t) => repository.units.add(t, jobId, 'main', 2, items)))).toBe('already_exists');
    expect(repository.units.counts(jobId).total).toBe(2);
    expect(repository.units.indexesByKey(jobId, ['b', 'c', 'a'])).toEqual(
      new Map([
        ['a', 0],
        ['b', 1],
      ]),
    );
    expect(repository.units.indexesByKey(jobId, [])).toEqual(new Map());
  });

  test('units move only where the table allows it, all that match and no other, and start over with nothing held against them', () => {
    const { repository, store, tx } = fresh();
    for (const to of UNIT_STATUSES) {
      const { jobId } = seedJob(store, { units: UNIT_STATUSES.length, limits: { max_workers: 16 } });
      putIntoEveryStatus(store, jobId);
      const before = UNIT_STATUSES.map((_, index) => unitIn(store, jobId, index));
      const { changed, last } = tx((t) => repository.units.moveMany(t, jobId, {}, to, 100));
      const movable = before.filter(({ status }) => canMoveUnit(status, to));
      expect([changed, last], to).toEqual([movable.length, null]);
      for (const unit of before) {
        const over = { status: to, retriesUsed: 0, deferrals: 0, interruptions: 0, notBefore: 0, failureClass: null };
        const expected = movable.includes(unit) ? { ...unit, ...over, failureMessage: null } : unit;
        expect(unitIn(store, jobId, unit.index), `${unit.status} → ${to}`).toEqual(expected);
      }
      // What runs on without its row is settled, so that the ledger can be checked.
      settleStrays(store, jobId);
    }
  });

  test('a filter that asks for what cannot move moves nothing', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store);
    const move = (status: UnitStatus, to: UnitStatus) =>
      tx((t) => repository.units.moveMany(t, jobId, { statuses: [status] }, to, 10));
    expect(move('pending', 'completed')).toEqual({ changed: 0, last: null });
    expect(move('failed', 'pending')).toEqual({ changed: 0, last: null });
    expect(move('pending', 'running')).toEqual({ changed: 3, last: null });
    move('running', 'pending');
  });

  test('many units move in chunks, from cursor to cursor', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store, { units: 10 });
    const steps: number[] = [];
    for (let after: number | null = -1; after !== null; ) {
      const cursor: number = after;
      const step = tx((t) => repository.units.moveMany(t, jobId, { after: cursor }, 'skipped', 4));
      steps.push(step.changed);
      after = step.last;
    }
    expect(steps).toEqual([4, 4, 2]);
    expect(repository.units.counts(jobId)).toMatchObject({ skipped: 10, pending: 0 });
  });

  test('units are listed in index order by status, class, index, text and cursor, with their latest attempt', () => {
    const { repository, store } = fresh();
    const { jobId } = seedJob(store, {
      units: ['Alpha', 'beta', 'ALPHABET', '50%', 'a_b', 'acb'].map((name) => ({ name })),
      keys: ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'],
    });
    const lease = holdLease(store, jobId);
    settleAs(store, claimOne(store, lease, 1), 'timeout', 'failed');
    settleAs(store, claimOne(store, lease, 3), 'crashed', 'failed');
    settleAs(store, claimOne(store, lease, 2), null, 'completed');
    const found = (filter: Parameters<typeof repository.units.list>[1], limit = 10) =>
      repository.units.list(jobId, filter, limit).map(({ unit }) => unit.index);
    expect(found({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(found({}, 2)).toEqual([0, 1]);
    expect(found({ after: 3 })).toEqual([4, 5]);
    expect(found({ statuses: ['failed', 'completed'] })).toEqual([1, 2, 3]);
    expect(found({ failureClass: 'crashed' })).toEqual([3]);
    expect(found({ indexes: [5, 0, 99] })).toEqual([0, 5]);
    expect(found({ text: 'alpha' })).toEqual([0, 2]);
    expect(found({ text: '%' })).toEqual([3]);
    expect(found({ text: 'a_b' })).toEqual([4]);
    expect(found({ text: 'k5' })).toEqual([5]);
    expect(found({ statuses: ['failed'], failureClass: 'timeout', indexes: [1, 3] })).toEqual([1]);
    expect(found({ stage: 'post' })).toEqual([]);
    const [, failed, completed] = repository.units.list(jobId, {}, 3);
    expect(failed?.attempt).toMatchObject({ attempt: 1, status: 'timed_out', failureClass: 'timeout' });
    expect(completed?.attempt?.result).toEqual({ text: 'done' });
  });

  test('units come with the result of their latest attempt, in index order, by status and cursor', () => {
    const { repository, store } = fresh();
    const { jobId } = seedJob(store, { units: 5 });
    const lease = holdLease(store, jobId);
    settleAs(store, claimOne(store, lease, 3), null, 'completed');
    settleAs(store, claimOne(store, lease, 1), 'timeout', 'pending');
    settleAs(store, claimOne(store, lease, 1), 'timeout', 'failed');
    const found = (filter: Parameters<typeof repository.units.results>[1], limit = 10) =>
      repository.units.results(jobId, filter, limit).map(({ unit }) => unit.index);
    expect(found({})).toEqual([0, 1, 2, 3, 4]);
    expect(found({ after: 1 }, 2)).toEqual([2, 3]);
    expect(found({ statuses: ['failed', 'completed'] })).toEqual([1, 3]);
    expect(found({ statuses: ['failed', 'completed'], after: 1 })).toEqual([3]);
    const listed = repository.units.list(jobId, {}, 10);
    for (const [at, { unit, result }] of repository.units.results(jobId, {}, 10).entries()) {
      expect(listed[at]?.unit).toMatchObject(unit);
      expect(listed[at]?.attempt?.result ?? null).toEqual(result);
    }
  });

  test('what units used is told of all their attempts, and adds up to the cost of the job', () => {
    const { repository, store } = fresh();
    const { jobId } = seedJob(store, { units: 3 });
    const lease = holdLease(store, jobId);
    const used = (costUsd: number, durationMs: number) => ({ usage: { costUsd, durationMs } });
    settleAs(store, claimOne(store, lease, 0), null, 'completed', used(0.1, 5));
    settleAs(store, claimOne(store, lease, 1), 'timeout', 'pending', used(0.1, 7));
    settleAs(store, claimOne(store, lease, 1), null, 'completed', used(0.2, 8));
    const rows = repository.units.results(jobId, {}, 10).map((row) => row.used);
    expect(rows).toEqual([
      { costUsd: 0.1, durationMs: 5 },
      { costUsd: 0.3, durationMs: 15 },
      { costUsd: null, durationMs: null },
    ]);
    expect(repository.jobs.get(jobId)?.costUsd).toBeCloseTo(0.4, 9);
  });

  test('failures are counted by class, most frequent first, with the first one as example', () => {
    const { repository, store } = fresh();
    const { jobId } = seedJob(store, { units: 6 });
    const lease = holdLease(store, jobId);
    settleAs(store, claimOne(store, lease, 4), 'crashed', 'failed');
    settleAs(store, claimOne(store, lease, 2), 'crashed', 'failed');
    settleAs(store, claimOne(store, lease, 1), 'timeout', 'failed');
    settleAs(store, claimOne(store, lease, 0), 'timeout', 'pending');
    expect(repository.units.failures(jobId)).toEqual([
      { failureClass: 'crashed', count: 2, example: { index: 2, message: 'crashed of unit 2' } },
      { failureClass: 'timeout', count: 1, example: { index: 1, message: 'timeout of unit 1' } },
    ]);
    expect(repository.units.classCounts(jobId)).toEqual({ crashed: 2, timeout: 2 });
    expect(repository.units.untried(jobId)).toBe(2);
  });

  test('the next unit to fall due is known', () => {
    const { repository, store, clock } = fresh();
    const { jobId } = seedJob(store);
    const lease = holdLease(store, jobId);
    expect(repository.units.nextDue(jobId, 'main')).toBeNull();
    settleAs(store, claimOne(store, lease, 0), 'timeout', 'pending', { notBefore: clock.now() + 900 });
    settleAs(store, claimOne(store, lease, 1), 'timeout', 'pending', { notBefore: clock.now() + 500 });
    expect(repository.units.nextDue(jobId, 'main')).toBe(clock.now() + 500);
  });

  test('the payload of a unit can be replaced', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store);
    tx((t) => repository.units.setPayload(t, { jobId, stage: 'main', index: 1 }, { other: true }));
    expect(unitIn(store, jobId, 1).payload).toEqual({ other: true });
    expect(unitIn(store, jobId, 0).payload).toEqual({ name: 'item 0' });
  });

  // ── attempts, events ──────────────────────────────────────────────────────────────────────────────────────────────

  test('a spawn is recorded on a running attempt only', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store);
    const lease = holdLease(store, jobId);
    const claim = claimOne(store, lease, 0);
    const process = { pid: 4711, startedAt: 's', bootId: 'b', machineId: 'm' };
    const spawn = (pid: number, until: number) =>
      tx((t) => repository.attempts.recordSpawn(t, claim.attempt, { ...process, pid }, until));
    expect(spawn(4711, 99)).toBe('noted');
    const recorded = { pid: 4711, pidStartedAt: 's', bootId: 'b', machineId: 'm', deadlineAt: 99 };
    expect(repository.attempts.get(claim.attempt)).toMatchObject(recorded);
    expect(repository.attempts.running(jobId)).toHaveLength(1);
    settleAs(store, claim, null, 'completed');
    expect(spawn(1, 1)).toBe('ended');
    expect(repository.attempts.get(claim.attempt)).toMatchObject(recorded);
    expect(repository.attempts.running(jobId)).toEqual([]);
  });

  test('a judge is counted on a running attempt only', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store);
    const claim = claimOne(store, holdLease(store, jobId), 0);
    const judge = () => tx((t) => repository.attempts.recordJudge(t, claim.attempt));
    expect(judge()).toBe('noted');
    settleAs(store, claim, null, 'completed');
    expect(judge()).toBe('ended');
    expect(repository.attempts.get(claim.attempt)?.judges).toBe(1);
  });

  test('what ended lately is told newest first', () => {
    const { repository, store, clock } = fresh();
    const { jobId } = seedJob(store, { units: 4 });
    const lease = holdLease(store, jobId);
    const start = clock.now();
    for (const [unit, failure] of [
      [0, null],
      [1, 'timeout'],
      [2, 'crashed'],
    ] as const) {
      clock.advance(10);
      settleAs(store, claimOne(store, lease, unit), failure, failure ? 'failed' : 'completed');
    }
    claimOne(store, lease, 3);
    const recent = (since: number, limit = 9) =>
      repository.attempts.recent(jobId, since, limit).map(({ index }) => index);
    expect(recent(start)).toEqual([2, 1, 0]);
    expect(recent(start + 20)).toEqual([2, 1]);
    expect(recent(start, 1)).toEqual([2]);
    const lately = (since: number, limit = 9) => repository.attempts.recentThroughput(jobId, since, limit);
    expect(lately(start)).toEqual({ ended: 3, first: start + 10 });
    expect(lately(start + 20)).toEqual({ ended: 2, first: start + 20 });
    expect(lately(start, 2)).toEqual({ ended: 2, first: start + 20 });
    expect(lately(start + 31)).toEqual({ ended: 0, first: null });
  });

  test('events are numbered without a gap per job and read from any of them on', () => {
    const { repository, store, tx, clock } = fresh();
    const { jobId } = seedJob(store);
    const other = seedJob(store);
    const add = (id: string, data?: { n: number }) =>
      tx((t) =>
        repository.events.add(t, id, {
          type: 'unit:completed',
          stage: 'main',
          index: 1,
          attempt: 2,
          ...(data && { data }),
        }),
      );
    expect([add(jobId, { n: 1 }), add(other.jobId), add(jobId)]).toEqual([1, 1, 2]);
    expect(repository.events.list(jobId, 0, 1)).toEqual([
      { jobId, seq: 1, at: clock.now(), type: 'unit:completed', stage: 'main', index: 1, attempt: 2, data: { n: 1 } },
    ]);
    expect(repository.events.list(jobId, 1, 10).map(({ seq, data }) => [seq, data])).toEqual([[2, {}]]);
    expect(code(() => add('job-none'))).toBe('not_found');
  });

  // ── leases, gates, approvals ──────────────────────────────────────────────────────────────────────────────────────

  test('a lease is held by one; each new claim has a higher epoch', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store);
    const claim = { jobId, owner: 'a', leaseMs: 100, pid: 1, startedAt: 's', bootId: 'b', machineId: 'm' };
    const acquire = (owner: string, over = repository.leases.get('none')) =>
      tx((t) => repository.leases.acquire(t, { ...claim, owner }, over));
    expect(acquire('a')).toEqual({ jobId, epoch: 1, owner: 'a' });
    expect(acquire('b')).toBeNull();
    expect(repository.leases.get(jobId)).toMatchObject({ ...claim, epoch: 1, heartbeat: 0, released: false });
    expect(repository.leases.held().map((lease) => lease.jobId)).toEqual([jobId]);
    const token = { jobId, epoch: 1, owner: 'a' };
    expect(tx((t) => repository.leases.release(t, token))).toBe('released');
    expect(tx((t) => repository.leases.release(t, token))).toBe('lost');
    expect(repository.leases.held()).toEqual([]);
    expect(acquire('b')).toEqual({ jobId, epoch: 2, owner: 'b' });
  });

  test('a lease is taken over only from the holder that was seen, and only if it has not moved since', () => {
    const { repository, store, tx } = fresh();
    const { jobId } = seedJob(store);
    const first = holdLease(store, jobId);
    const seen = repository.leases.get(jobId);
    const claim = { jobId, owner: 'next', leaseMs: 100, pid: 2, startedAt: null, bootId: null, machineId: null };
    const takeOver = () => tx((t) => repository.leases.acquire(t, claim, seen));
    expect(repository.leases.beat(first)).toBe('held');
    expect(takeOver()).toBeNull();
    const now = repository.leases.get(jobId);
    expect(tx((t) => repository.leases.acquire(t, claim, now))).toEqual({ jobId, epoch: 2, owner: 'next' });
    expect(repository.leases.beat(first)).toBe('lost');
    expect(tx((t) => repository.leases.holds(t, first))).toBe(false);
    expect(tx((t) => repository.leases.release(t, first))).toBe('lost');
    expect(tx((t) => repository.leases.acquire(t, claim, now))).toBeNull();
  });

  test('a gate closes until the later of two times, for every job, and can be opened', () => {
    const { repository, tx } = fresh();
    const close = (closedUntil: number, reason: string) =>
      tx((t) => repository.quotas.close(t, { type: 'claude', closedUntil, reason }));
    expect(repository.quotas.get('claude')).toBeNull();
    close(200, 'weekly');
    close(100, 'daily');
    expect(repository.quotas.get('claude')).toEqual({ type: 'claude', closedUntil: 200, reason: 'weekly' });
    close(300, 'monthly');
    expect(repository.quotas.get('claude')).toEqual({ type: 'claude', closedUntil: 300, reason: 'monthly' });
    expect(repository.quotas.get('command')).toBeNull();
    tx((t) => repository.quotas.open(t, 'claude'));
    expect(repository.quotas.get('claude')).toBeNull();
  });

  const terms = { max_workers: 4, max_retries: 3, timeout_s: 60, budget_usd: 10, test_units: 1 };

  test('a definition is asked about once, approved by somebody, revoked and approved again', () => {
    const { repository, tx, clock } = fresh();
    const asked = {
      about: 'job',
      title: 'Job',
      powers: [{ kind: 'programs', what: 'sh' }],
      files: { '/a/x.mjs': 'ff', '/a/gone': null },
      source: null,
    } as const;
    const request = (definition: string) => tx((t) => repository.approvals.request(t, { ...asked, definition }));
    const states = () =>
      repository.approvals.list(10).map(({ definition, approvedAt, revokedAt }) => [definition, approvedAt, revokedAt]);
    const requestedAt = clock.now();
    request('aa');
    clock.advance(5);
    request('ab');
    expect(states()).toEqual([
      ['ab', null, null],
      ['aa', null, null],
    ]);
    expect(tx((t) => repository.approvals.revoke(t, 'aa'))).toBe('unchanged');
    expect(tx((t) => repository.approvals.beginTest(t, 'aa'))).toBe('conflict');
    expect(tx((t) => repository.approvals.approve(t, 'aa', 'cli', terms))).toBe('approved');
    expect(tx((t) => repository.approvals.approve(t, 'zz', 'cli', terms))).toBe('unknown');
    request('aa');
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
    expect(repository.approvals.get('aa')).toEqual(whole);
    expect(repository.approvals.get('cc')).toBeNull();
    expect(repository.approvals.startingWith('a').map(({ definition }) => definition)).toEqual(['aa', 'ab']);
    expect(repository.approvals.startingWith('aa').map(({ definition }) => definition)).toEqual(['aa']);
    clock.advance(5);
    expect(tx((t) => repository.approvals.revoke(t, 'aa'))).toBe('revoked');
    expect(tx((t) => repository.approvals.revoke(t, 'aa'))).toBe('unchanged');
    expect(repository.approvals.get('aa')).toEqual({ ...whole, revokedAt: clock.now() });
    expect(tx((t) => repository.approvals.beginTest(t, 'aa'))).toBe('conflict');
    const lower = { ...terms, budget_usd: 1 };
    tx((t) => repository.approvals.approve(t, 'aa', 'dashboard', lower));
    const renewed = { approvedBy: 'dashboard', revokedAt: null, terms: lower };
    expect(repository.approvals.get('aa')).toMatchObject(renewed);
  });

  test('one approval is good for one test at a time', () => {
    const { repository, tx, clock } = fresh();
    const asked = { about: 'job', title: 'letters', powers: [], files: {}, source: null } as const;
    for (const definition of ['aa', 'ab']) {
      tx((t) => repository.approvals.request(t, { ...asked, definition }));
      tx((t) => repository.approvals.approve(t, definition, 'cli', terms));
    }
    const begin = () => tx((t) => repository.approvals.beginTest(t, 'aa'));
    expect([begin(), begin()]).toEqual(['begun', 'conflict']);
    expect(repository.approvals.get('aa')?.testedAt).toBe(clock.now());
    expect(repository.approvals.get('ab')?.testedAt).toBeNull();
    tx((t) => repository.approvals.endTest(t, 'aa'));
    expect([begin(), begin()]).toEqual(['begun', 'conflict']);
    tx((t) => repository.approvals.approve(t, 'aa', 'cli', terms));
    expect(begin()).toBe('begun');
  });

  test('terms that were agreed to stay, where they are higher', () => {
    const { repository, tx } = fresh();
    const asked = { about: 'job', title: 'letters', powers: [], files: {}, source: null } as const;
    tx((t) => repository.approvals.request(t, { ...asked, definition: 'aa' }));
    tx((t) => repository.approvals.approve(t, 'aa', 'cli', terms));
    tx((t) => repository.approvals.agree(t, 'aa', { ...terms, max_workers: 9, budget_usd: 1 }));
    expect(repository.approvals.get('aa')?.terms).toEqual({ ...terms, max_workers: 9 });
    tx((t) => repository.approvals.approve(t, 'aa', 'cli', { ...terms, test_units: 3 }));
    expect(repository.approvals.get('aa')?.terms).toEqual({ ...terms, max_workers: 9, test_units: 3 });
    tx((t) => repository.approvals.approve(t, 'aa', 'cli', { ...terms, budget_usd: null }));
    expect(repository.approvals.get('aa')?.terms).toMatchObject({ budget_usd: null });
  });

  test('jobs are found by the definition that they were allowed under', () => {
    const { repository, tx, store } = fresh();
    const one = seedJob(store);
    seedJob(store);
    expect(repository.jobs.approvedAs('aa')).toEqual([]);
    tx((t) => repository.jobs.patch(t, one.jobId, { approvedDefinition: 'aa' }));
    expect(repository.jobs.approvedAs('aa').map(({ jobId }) => jobId)).toEqual([one.jobId]);
  });
}

/** Unit n is put into the n-th status, by the way a unit gets there. */
function putIntoEveryStatus(store: Store, jobId: string): void {
  const { repository } = store;
  const lease = holdLease(store, jobId);
  for (const [index, status] of UNIT_STATUSES.entries()) {
    if (status === 'pending') continue;
    if (status === 'skipped' || status === 'cancelled') {
      repository.transaction((tx) => repository.units.moveMany(tx, jobId, { indexes: [index] }, status, 1));
      continue;
    }
    const claim = claimOne(store, lease, index);
    if (status !== 'running') settleAs(store, claim, status === 'failed' ? 'timeout' : null, status);
  }
}

function settleStrays(store: Store, jobId: string): void {
  for (const attempt of store.repository.attempts.running(jobId)) {
    settleAs(store, { attempt, unit: unitIn(store, jobId, attempt.index) }, 'cancelled', 'cancelled');
  }
  const statuses = ['running', 'completed', 'failed'] as const;
  store.repository.transaction((tx) => store.repository.units.moveMany(tx, jobId, { statuses }, 'pending', 100));
}

function code(run: () => unknown): ErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof AbpError) return error.code;
    throw error;
  }
}
