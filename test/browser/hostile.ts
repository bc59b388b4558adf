import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { begin, claim, type Seed, seedJob, settle, writeRun } from './seed.ts';

/** Texts that want to become part of a page, as items and agents may bring them. */
export const HOSTILE = [
  '<script>window.hostile=1</script>',
  '<img src=x onerror="window.hostile=1">',
  '<svg/onload=window.hostile=1>',
  '"><iframe srcdoc="<script>parent.hostile=1</script>">',
  '[a link](javascript:window.hostile=1)',
  '[another](data:text/html,<script>window.hostile=1</script>)',
  '![a picture](https://elsewhere.example/track.png)',
  '<a href="javascript:window.hostile=1">click</a>',
  '<style>*{display:none!important}</style>',
  '<form action="https://elsewhere.example"><input name=token></form>',
  '<details open ontoggle=window.hostile=1>',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.hostile=1>',
  '`<img src=x onerror=window.hostile=1>`',
  '<base href="https://elsewhere.example/">',
  '<meta http-equiv="refresh" content="0;url=https://elsewhere.example">',
  '{{constructor.constructor("window.hostile=1")()}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it wants to be taken for a template
  '${window.hostile=1}',
  '\u202egnp.exe',
] as const;

export const HOSTILE_JOB = 'job-xss222';

/** A job whose name, payloads, conversation, results and failures are all hostile. */
export async function seedHostile(seed: Seed): Promise<void> {
  const all = HOSTILE.join('\n\n');
  await seedJob(seed, {
    jobId: HOSTILE_JOB,
    name: HOSTILE[1],
    intent: all,
    template: 'Look at {text}.\n',
    items: HOSTILE.map((text, index) => ({ key: `${index} ${text}`, payload: { text, [text]: text } })),
    worker: { type: 'claude' },
    outputSchema: { type: 'object', properties: { [HOSTILE[0]]: { type: 'string' } } },
    maxWorkers: 64,
  });
  const lease = await begin(seed, HOSTILE_JOB, Date.now() - 60_000);
  for (const claimed of await claim(seed, lease, 64)) {
    const text = HOSTILE[claimed.unit.index] ?? '';
    const outcome =
      claimed.unit.index % 3 === 2
        ? ({ ok: false, usage: {}, failureClass: 'agent_error', message: text } as const)
        : ({ ok: true, usage: {}, result: { text: all, structured: { [text]: text } } } as const);
    const said = {
      type: 'assistant',
      message: {
        content: [
          { type: 'text', text: all },
          { type: 'tool_use', id: 'a', name: text, input: { text } },
        ],
      },
    };
    writeRun(claimed, all, [{ type: 'system', subtype: 'init', model: text, tools: [text] }, said], true);
    appendFileSync(join(claimed.attempt.runDirectory, 'stdout'), `${text}\n`);
    await settle(seed, claimed, outcome, Date.now());
  }
}
