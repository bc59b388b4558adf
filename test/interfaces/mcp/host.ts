import { afterAll, afterEach, beforeEach, expect, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import {
  type ClientKind,
  connect,
  type ElicitedRequest,
  jobOver,
  makePlace,
  type OnElicitation,
  personAt,
} from './clients.ts';

/** User who makes this choice. */
export const choose =
  (decision: string, note?: string): OnElicitation =>
  () => ({ action: 'accept', content: { decision, ...(note ? { note } : {}) } });

/** Answers dialogs in turn; the last answer repeats. */
export const inTurn = (...answers: readonly OnElicitation[]): OnElicitation => {
  const left = [...answers];
  return (request) => ((left.length > 1 ? left.shift() : left[0]) as OnElicitation)(request);
};

/** A dialog that was shown: its message by line, and the description of the choice. */
export interface Dialog {
  readonly lines: readonly string[];
  readonly details: string;
}

const dialogOf = ({ message, requestedSchema }: ElicitedRequest): Dialog => ({
  lines: message.split('\n'),
  details: requestedSchema.properties.decision?.description ?? '',
});

/** One host for all tests: a place, a connected client, the dialogs that it showed, and the answers of its user. */
async function openHost(kind: ClientKind) {
  const place = makePlace(undefined, afterAll);
  const dialogs: Dialog[] = [];
  const user: { answer: OnElicitation } = { answer: choose('approve') };
  const onElicitation: OnElicitation = (request) => {
    dialogs.push(dialogOf(request));
    return user.answer(request);
  };
  const client = await connect(kind, place, { onElicitation });
  // Runs that a test leaves behind would write into a directory that is being removed.
  place.onEnd(async () => {
    for (const { job_id, status } of (await client.ok('list_jobs')).jobs) {
      if (status !== 'completed' && status !== 'failed') await client.ok('cancel_job', { job_id });
      await vi.waitFor(async () => {
        expect((await client.ok('get_job_status', { job_id })).executor.state).toBe('none');
      }, PATIENCE);
    }
  });
  let made = 0;
  /** Creates a job that has not been allowed: each has its own template. */
  const newJob = async (more: Record<string, unknown> = {}): Promise<string> => {
    const template = `${++made}. Count the words of file_path: {file_path}`;
    return (await client.ok('create_job', jobOver(place, { template, ...more }))).job_id;
  };
  const ended = async (job_id: string, status: string) =>
    vi.waitFor(async () => {
      const now = await client.ok('get_job_status', { job_id });
      expect([now.status, now.executor.state]).toEqual([status, 'none']);
    }, PATIENCE);
  const person = personAt(place);
  /** Expects that no agent of the job was started. */
  const ranNothing = async (job_id: string) => {
    for (const unit of [0, 1, 2, 3]) {
      expect((await client.ok('get_unit', { job_id, unit })).attempts).toEqual([]);
    }
  };
  return { ...client, place, dialogs, user, newJob, ended, person, ranNothing };
}

/** Creates hosts of these kinds for the tests of a file; dialogs are reset for each test. */
export async function openHosts(...kinds: readonly ClientKind[]) {
  const hosts = await Promise.all(kinds.map(openHost));
  beforeEach(() => {
    for (const { dialogs } of hosts) dialogs.length = 0;
  });
  // Claude Code 2.1.330 shows three lines of a message; a blank one would take one of them.
  afterEach(() => {
    for (const { lines, details } of hosts.flatMap(({ dialogs }) => dialogs)) {
      expect(lines.length).toBeLessThanOrEqual(3);
      for (const line of [...lines, ...details.split('\n')]) expect(line.trim()).not.toBe('');
    }
  });
  return hosts;
}
