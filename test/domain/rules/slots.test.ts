import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fairShares, type SlotDemand, slotRoom } from '../../../src/domain/rules/slots.ts';

/** `a:8@5`: job a wants 8 slots and last started an attempt at 5. */
function demands(text: string): SlotDemand[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((part) => {
      const [jobId = '', wants = '0', at = '0'] = part.split(/[:@]/);
      return { jobId, wants: Number(wants), lastStartedAt: Number(at) };
    });
}

describe('fairShares', () => {
  test.each([
    ['a single job gets its demand', 'a:8', 16, 'a:8'],
    ['a single job gets at most all slots', 'a:64', 16, 'a:16'],
    ['two large demands get half each', 'a:64 b:64', 16, 'a:8 b:8'],
    ['slots one job cannot use go to the other', 'a:2 b:64', 16, 'a:2 b:14'],
    ['the odd slot goes to the longest waiting job', 'a:64@9 b:64@3', 5, 'a:2 b:3'],
    ['with fewer slots than jobs the longest waiting come first', 'a:1@30 b:1@10 c:1@20', 2, 'a:0 b:1 c:1'],
    ['no demand', 'a:0 b:0', 4, 'a:0 b:0'],
    ['no jobs', '', 4, ''],
    ['no slots', 'a:4', 0, 'a:0'],
  ])('%s', (_what, wanted, slots, expected) => {
    const shares = fairShares(demands(wanted), slots);
    expect(
      [...shares]
        .map(([jobId, share]) => `${jobId}:${share}`)
        .sort()
        .join(' '),
    ).toBe(expected);
  });

  test('uses all wanted slots, and unsatisfied jobs differ by at most one', () => {
    const demand = fc.record({ jobId: fc.uuid(), wants: fc.nat(20), lastStartedAt: fc.nat(5) });
    fc.assert(
      fc.property(fc.uniqueArray(demand, { selector: ({ jobId }) => jobId }), fc.nat(40), (jobs, slots) => {
        const shares = fairShares(jobs, slots);
        const of = (jobId: string) => shares.get(jobId) ?? 0;
        const total = jobs.reduce((sum, { jobId }) => sum + of(jobId), 0);
        const wanted = jobs.reduce((sum, { wants }) => sum + wants, 0);
        expect(total).toBe(Math.min(slots, wanted));
        for (const { jobId, wants } of jobs) expect(of(jobId)).toBeLessThanOrEqual(wants);
        const hungry = jobs.filter(({ jobId, wants }) => of(jobId) < wants).map(({ jobId }) => of(jobId));
        const most = Math.max(0, ...jobs.map(({ jobId }) => of(jobId)));
        for (const share of hungry) expect(share).toBeGreaterThanOrEqual(most - 1);
      }),
    );
  });
});

describe('slotRoom', () => {
  const job = (jobId: string, bound: number, pending: number, lastStartedAt = 0) => ({
    jobId,
    bound,
    pending,
    lastStartedAt,
  });
  test.each<[string, readonly ReturnType<typeof job>[], Record<string, number>, number, [number, boolean]]>([
    ['one job, idle', [job('a', 4, 100)], {}, 16, [4, true]],
    ['one job at its bound', [job('a', 4, 100)], { a: 4 }, 16, [0, true]],
    ['one job with little left', [job('a', 4, 1)], { a: 2 }, 16, [1, true]],
    ['a job that is not at work', [job('b', 4, 100)], {}, 16, [0, true]],
    ['two jobs, not enough for both', [job('a', 64, 100), job('b', 64, 100)], { b: 16 }, 16, [0, false]],
    ['the other gives back', [job('a', 64, 100), job('b', 64, 100)], { b: 12 }, 16, [4, false]],
    ['no more than its share', [job('a', 64, 100), job('b', 64, 100)], { a: 8 }, 16, [0, false]],
    ['what leaving jobs still use is not shared', [job('a', 64, 100)], { gone: 10 }, 16, [6, false]],
    ['a lowered bound', [job('a', 64, 100)], { a: 20 }, 16, [0, false]],
  ])('%s', (_what, atWork, used, maxTotal, [room, isEnough]) => {
    expect(slotRoom('a', { used: new Map(Object.entries(used)), atWork, maxTotal })).toEqual({ room, isEnough });
  });
});
