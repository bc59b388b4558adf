import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Handle } from '../../src/domain/attempt.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { type Bounds, POWERS } from '../../src/domain/power.ts';
import type { Ending, Run, Worker } from '../../src/ports/worker.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { aborted, assignmentFor, attach, calm, outcomeOf, perform, runOf } from '../helpers/worker.ts';

/** What a worker must be able to be made to do for the suite: a config, and what differs in the attempt or its run. */
export interface Behaviours {
  /** Succeeds at once with the text `done`, or the JSON string. */
  readonly succeeds: Case;
  /** Fails by the word of the agent or program, saying `the file is empty`. */
  readonly fails: Case;
  /** Runs until it is stopped. */
  readonly waits: Case;
  /** Gives JSON that is not `{ n: number }`. */
  readonly wrongJson: Case;
  /** A config that succeeds and needs a variable of this name. */
  readonly needsVariable: (name: string) => JsonObject;
  /** A config with a field that does not exist. */
  readonly unknownField: JsonObject;
  /** Starts a run in an executor of its own, which is dead by now; returns its handle. */
  readonly startElsewhere: (run: Run) => Promise<Handle>;
}

/** A config as a user writes it, without the type, and what differs in the assignment. */
export interface Case {
  readonly config: JsonObject;
  readonly parts?: Partial<Assignment>;
}

const SCHEMA = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;
/** Bounds within which nothing is out of bounds. */
const BOUNDS: Bounds = {
  base: '/',
  roots: [],
  mayRead: () => true,
  mayEdit: () => true,
  isSensitive: () => false,
  isTooWide: () => false,
  nameOf: (path) => path,
};

/** The suite that every worker passes, in terms of the port alone. `open` returns its driver. */
export function describeWorker(type: string, open: () => Promise<Worker>, setUp: () => Behaviours): void {
  describe(`worker ${type}`, () => {
    const prepare = async (pick: (behaviours: Behaviours) => Case, parts: Partial<Assignment> = {}) => {
      const worker = await open();
      const { config, parts: own } = pick(setUp());
      return { worker, assignment: assignmentFor({ config: worker.configSchema.parse(config), ...own, ...parts }) };
    };

    it('starts a run with a handle that survives being stored, and attaches to its outcome', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const started = await worker.start(runOf(assignment));
      if (started.is === 'ended') throw new Error(JSON.stringify(started));
      const handle = JSON.parse(JSON.stringify(started.handle)) as Handle;
      expect(handle).toEqual(started.handle);
      const outcome = outcomeOf(await attach(worker, assignment, handle));
      expect(outcome).toMatchObject({ ok: true, result: { text: expect.stringContaining('done') } });
      expect(outcome.usage.durationMs).toBeGreaterThan(0);
    });

    it.each(['with', 'without'])('judges an ended run again %s its handle', async (way) => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const handles: Handle[] = [];
      const outcome = await perform(worker, assignment, { onStarted: (handle) => handles.push(handle) });
      const handle = way === 'with' ? handles[0] : null;
      const beforeJudging = vi.fn(() => Promise.resolve());
      const again = outcomeOf(await attach(await open(), assignment, handle, { beforeJudging }));
      expect(again.ok && again.result).toEqual(outcome.ok && outcome.result);
      expect(again.ok).toBe(true);
      expect(beforeJudging).toHaveBeenCalledOnce();
    });

    it('does not judge a run of another executor if beforeJudging throws', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      await perform(worker, assignment);
      const beforeJudging = () => Promise.reject(new Error('not again'));
      await expect(attach(await open(), assignment, null, { beforeJudging })).rejects.toThrow('not again');
    });

    it('reports a failure with class and message, again from its files', async () => {
      const { worker, assignment } = await prepare((b) => b.fails);
      const message = expect.stringContaining('the file is empty');
      const expected = { ok: false, failureClass: 'agent_error', message };
      expect(await perform(worker, assignment)).toMatchObject(expected);
      expect(outcomeOf(await attach(await open(), assignment))).toMatchObject(expected);
    });

    it('validates the result against the output schema', async () => {
      const { worker, assignment } = await prepare((b) => b.wrongJson, { outputSchema: SCHEMA });
      const message = expect.stringContaining('number');
      expect(await perform(worker, assignment)).toMatchObject({ ok: false, failureClass: 'invalid_output', message });
    });

    it.each(['cancelled', 'interrupted'] as const)('stops when it is %s', async (reason) => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const controller = new AbortController();
      const onStarted = () => void setTimeout(() => controller.abort(reason), 100);
      const outcome = await perform(worker, assignment, { signal: controller.signal, onStarted });
      expect(outcome).toMatchObject({ ok: false, failureClass: reason });
    });

    it('stops at once when it was cancelled before anyone attached to it', async () => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const outcome = await perform(worker, assignment, { signal: aborted('cancelled') });
      expect(outcome).toMatchObject({ ok: false, failureClass: 'cancelled' });
    });

    it('stops at its time limit', async () => {
      const { worker, assignment } = await prepare((b) => b.waits, { timeoutMs: 500 });
      expect(await perform(worker, assignment)).toMatchObject({ ok: false, failureClass: 'timeout' });
    });

    it('starts once in a run directory', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      await perform(worker, assignment);
      await expect(worker.start(runOf(assignment))).rejects.toThrow('EEXIST');
    });

    it.each(['interrupted', 'cancelled', null] as const)(
      'says that a run which never started was cut off (stopped: %s), with the usage of each attempt',
      async (reason) => {
        const { worker, assignment } = await prepare((b) => b.waits);
        const beforeJudging = vi.fn(() => Promise.resolve());
        const signal = reason === null ? calm : aborted(reason);
        const ending = await attach(worker, assignment, null, { signal, beforeJudging });
        expect(ending).toEqual({ is: 'cut_off', usages: [{}] } satisfies Ending);
        // One that was cancelled is not judged.
        expect(beforeJudging).toHaveBeenCalledTimes(reason === 'cancelled' ? 0 : 1);
      },
    );

    it.each(['with', 'without'])('stops a run of a dead executor %s its handle, unless it was cut off', async (way) => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const handle = await setUp().startElsewhere(runOf(assignment));
      const signal = aborted('interrupted');
      const ending = await attach(worker, assignment, way === 'with' ? handle : null, { signal });
      if (ending.is === 'cut_off') expect(ending.usages).toHaveLength(1);
      else expect(outcomeOf(ending)).toMatchObject({ ok: false, failureClass: 'interrupted' });
    });

    it('never runs what was cut off before it started', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      await attach(await open(), assignment);
      const late = await perform(worker, assignment).catch((error: unknown) => error);
      expect(late).not.toMatchObject({ ok: true });
    });

    it('names missing variables in its policy, in preflight and instead of starting', async () => {
      const config = setUp().needsVariable('NOT_SET_ANYWHERE');
      const { worker, assignment } = await prepare((b) => ({ ...b.succeeds, config }));
      expect(worker.policy(assignment.config).variables).toEqual(['NOT_SET_ANYWHERE']);
      const preflight = await worker.preflight(assignment.config, assignment.environment);
      expect(preflight).toMatchObject({ ok: false, message: expect.stringContaining('NOT_SET_ANYWHERE') });
      const started = await worker.start(runOf(assignment));
      expect(started).toMatchObject({ is: 'ended', outcomes: [{ ok: false, failureClass: 'worker_unavailable' }] });
    });

    it('leaves the limits to the job unless its config has some', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const limits = { timeoutMs: null, idleTimeoutMs: null, model: null };
      const { attemptCapUsd, ...policy } = worker.policy(assignment.config);
      expect(policy).toEqual({ ...limits, variables: [] });
      // A program costs nothing, an agent has no cap of its own.
      expect([0, null]).toContain(attemptCapUsd);
    });

    it('has powers of the known kinds, the same for the same config', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const powers = worker.powers(assignment.config, BOUNDS);
      expect(Object.keys(POWERS)).toEqual(expect.arrayContaining(powers.map(({ kind }) => kind)));
      expect(worker.powers(assignment.config, BOUNDS)).toEqual(powers);
    });

    it('resolves a config to one that it accepts, and that stays the same from anywhere', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const resolved = worker.resolve(assignment.config, '/some/where');
      expect(worker.configSchema.parse(resolved)).toEqual(resolved);
      expect(worker.resolve(resolved, '/else/where')).toEqual(resolved);
    });

    it('refuses an unknown field of its config and describes every known one', async () => {
      const worker = await open();
      expect(worker.type).toBe(type);
      expect(worker.configSchema.safeParse(setUp().unknownField).success).toBe(false);
      const schema = z.toJSONSchema(worker.configSchema, { io: 'input' });
      expect(schema.additionalProperties).toBe(false);
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        expect(field, name).toHaveProperty('description');
      }
    });
  });
}
