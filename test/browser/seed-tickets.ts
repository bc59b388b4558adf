import type { Outcome } from '../../src/domain/attempt.ts';
import type { FailureClass } from '../../src/domain/failure.ts';
import { claim, type Seed, seedJob, settle, testAndApprove, writeRun } from './seed.ts';

/** A job as users have them: agents that read support tickets, most of them done, some at work, a few given up. */
export const TICKETS_JOB = 'job-tk7f3k';

const SUBJECTS = [
  ['Invoice shows the wrong VAT rate', 'billing', 'medium', 'neutral'],
  ['Cannot log in after the update', 'account', 'high', 'annoyed'],
  ['Export to CSV drops the last row', 'bug', 'high', 'neutral'],
  ['How do I add a second user?', 'question', 'low', 'friendly'],
  ['Refund for the duplicate charge', 'billing', 'high', 'angry'],
  ['Dark mode flickers on scroll', 'bug', 'low', 'friendly'],
  ['API returns 502 under load', 'bug', 'critical', 'annoyed'],
  ['Please delete my account and data', 'account', 'medium', 'neutral'],
  ['Feature idea: keyboard shortcuts', 'feature', 'low', 'enthusiastic'],
  ['Webhook signature does not match', 'bug', 'high', 'neutral'],
] as const;

const FAILURES: Readonly<Record<number, readonly [FailureClass, string]>> = {
  31: ['invalid_output', '/severity must be equal to one of the allowed values (low, medium, high, critical)'],
  58: ['invalid_output', '/severity must be equal to one of the allowed values (low, medium, high, critical)'],
  77: ['timeout', 'stopped after 120 s'],
  102: ['invalid_output', '/severity must be equal to one of the allowed values (low, medium, high, critical)'],
  140: ['agent_error', 'The attachment "scan-0140.pdf" cannot be read: it is encrypted.'],
  171: ['timeout', 'stopped after 120 s'],
  203: ['agent_error', 'The attachment "scan-0203.pdf" cannot be read: it is encrypted.'],
  219: ['invalid_output', '/severity must be equal to one of the allowed values (low, medium, high, critical)'],
};

/** Seeds the job; it began `minutes` ago and is at work now. */
export async function seedTickets(seed: Seed, { total = 420, done = 268, minutes = 11 } = {}): Promise<void> {
  const start = Date.now() - minutes * 60_000;
  seed.at(start - 90_000);
  const items = Array.from({ length: total }, (_, index) => {
    const [subject] = SUBJECTS[index % SUBJECTS.length] ?? SUBJECTS[0];
    const id = `T-${20_417 + index * 3}`;
    return {
      key: id,
      payload: {
        ticket: id,
        subject,
        customer: `customer-${(index * 37) % 811}`,
        body: `${subject}. Details in ${id}.`,
      },
    };
  });
  await seedJob(seed, {
    jobId: TICKETS_JOB,
    name: 'Triage support tickets',
    intent: 'Read each ticket and decide its category, severity and tone, with one sentence why.',
    template:
      'You triage support tickets.\n\nDecide for the ticket below: category, severity, tone, and one sentence that says why.\n\nTicket {ticket} from {customer}:\n\n```\n{subject}\n\n{body}\n```\n',
    items,
    worker: { type: 'claude', model: 'haiku', permission: 'read_only' },
    outputSchema: {
      type: 'object',
      required: ['category', 'severity', 'tone', 'why'],
      properties: {
        category: { type: 'string' },
        severity: { enum: ['low', 'medium', 'high', 'critical'] },
        tone: { type: 'string' },
        why: { type: 'string' },
      },
    },
    maxWorkers: 6,
    budgetUsd: 5,
  });
  const { lease, claimed: tested } = await testAndApprove(seed, TICKETS_JOB, outcomeOf(0), start - 60_000, 14_000);
  writeRun(tested, promptOf(0), streamOf(0, outcomeOf(0)), true);
  const pace = (minutes * 60_000) / done;
  for (let index = 1; index < done; index++) {
    // Work comes in waves, as services let it.
    const ended = start + (index + 1) * pace + Math.sin(index / 17) * pace * 6;
    seed.at(Math.round(Math.max(start, ended - 9_000 - (index % 7) * 1500)));
    const [claimed] = await claim(seed, lease, 1);
    if (!claimed) throw new Error('nothing to claim');
    const now = Math.round(Math.min(Date.now() - 1000, Math.max(start + 1000, ended)));
    seed.at(now);
    const outcome = outcomeOf(index);
    await settle(seed, claimed, outcome, now);
    if (index < 12 || FAILURES[index]) writeRun(claimed, promptOf(index), streamOf(index, outcome), true);
  }
  for (let slot = 0; slot < 6; slot++) {
    seed.at(Date.now() - (slot + 1) * 2700);
    const [claimed] = await claim(seed, lease, 1);
    if (claimed) writeRun(claimed, promptOf(done + slot), streamOf(done + slot, null).slice(0, 2 + slot), false);
  }
}

function outcomeOf(index: number): Outcome {
  const [subject, category, severity, tone] = SUBJECTS[index % SUBJECTS.length] ?? SUBJECTS[0];
  const usage = {
    costUsd: 0.0061 + ((index * 13) % 11) * 0.0006,
    inputTokens: 2900 + ((index * 29) % 600),
    outputTokens: 210 + ((index * 17) % 140),
    turns: 2,
    sessionId: `5d1c8a54-0000-4000-8000-${String(index).padStart(12, '0')}`,
    durationMs: 9000,
  };
  const failure = FAILURES[index];
  if (failure) return { ok: false, usage, failureClass: failure[0], message: failure[1] };
  return {
    ok: true,
    usage,
    notes: { toolsUsed: { Read: 1 }, model: 'claude-haiku-4-5' },
    result: {
      text: `**${subject}**: ${category}, ${severity}.`,
      structured: { category, severity, tone, why: `The customer writes “${subject.toLowerCase()}”.` },
    },
  };
}

function promptOf(index: number): string {
  return `Ticket T-${20_417 + index * 3}: ${SUBJECTS[index % SUBJECTS.length]?.[0]}`;
}

/** A stream such as the Claude CLI writes. */
function streamOf(index: number, outcome: Outcome | null): readonly object[] {
  const [subject, category, severity] = SUBJECTS[index % SUBJECTS.length] ?? SUBJECTS[0];
  const ticket = `T-${20_417 + index * 3}`;
  const assistant = (content: object) => ({ type: 'assistant', message: { role: 'assistant', content: [content] } });
  return [
    { type: 'system', subtype: 'init', model: 'claude-haiku-4-5', tools: ['Read', 'Glob', 'Grep', 'StructuredOutput'] },
    assistant({ type: 'text', text: `I will look at the history of ${ticket} before I decide.` }),
    assistant({ type: 'tool_use', id: 'tool-1', name: 'Read', input: { file_path: `/data/tickets/${ticket}.md` } }),
    {
      type: 'user',
      message: {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'tool-1',
            content: `# ${ticket}\n\n${subject}\n\nFirst seen on Monday; two replies, none solved it.`,
          },
        ],
      },
    },
    assistant({
      type: 'text',
      text: `What I found:\n\n- it is about **${category}**\n- two replies did not solve it\n- so the severity is \`${severity}\`\n\n| field | value |\n| --- | --- |\n| category | ${category} |\n| severity | ${severity} |`,
    }),
    assistant({
      type: 'tool_use',
      id: 'tool-2',
      name: 'StructuredOutput',
      input: { category, severity, tone: 'neutral', why: subject },
    }),
    ...(outcome?.ok ? [{ type: 'result', subtype: 'success', result: outcome.result.text }] : []),
  ];
}
