import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPromptRenderer } from '../../src/prompt/render.ts';
import { createPromptSynthesizer, JOB_STEP_FIELDS, synthesizeJobStep } from '../../src/prompt/synthesizer.ts';
import { checkTemplate } from '../../src/prompt/template.ts';

const TYPES = ['file', 'csv', 'json', 'sql', 'dynamic', 'one_of_your_own'];
const INTENT = 'Give {title} and "year"; braces {{stay}}.\n\n```\n{not a field}\n';
const { synthesize } = createPromptSynthesizer();

describe.each(TYPES)('the template for %s items', (enumeratorType) => {
  const fields = ['id', 'Full name', 'größe', '_row_index'];
  const request = { userIntent: INTENT, enumeratorType, fields, outputDirectory: '/data/out {1}' };

  it('passes checkTemplate', async () => {
    expect(() => checkTemplate('', { fields })).not.toThrow();
    checkTemplate(await synthesize(request), { fields });
  });

  it('renders every field, the verbatim intent, success, failure and output directory', async () => {
    const template = await synthesize(request);
    for (const field of fields) expect(template).toContain(`{${field}}`);
    const renderer = await createPromptRenderer({ template, fields, outputDirectory: request.outputDirectory });
    const payload = { id: 'i-1', 'Full name': 'Ada {id}', größe: 4, _row_index: 0 };
    const { system, user } = renderer.render({ payload });
    expect(`${system}\n${user}`).toContain(INTENT);
    expect(`${system}\n${user}`).toMatch(/when it is done, answer.*when it cannot be done.*ABP_FAILED:/is);
    expect(`${system}\n${user}`).toContain('below /data/out {1}.');
    expect(user).toContain('id: i-1\nFull name: Ada {id}\ngröße: 4\n_row_index: 0\n');
  });
});

describe('a synthesized template', () => {
  it('refers to the schema for the form of the result', async () => {
    const base = { userIntent: 'x', enumeratorType: 'csv', fields: ['a'], outputDirectory: '/o' };
    expect(await synthesize({ ...base, outputSchema: { type: 'object' } })).toContain('structured output');
    expect(await synthesize({ ...base, outputSchema: null })).toContain('the result itself');
  });

  it.each([
    ['a name with braces', ['a}b', 'c']],
    ['a field called payload', ['payload', 'c']],
    ['a hundred fields', Array.from({ length: 100 }, (_, index) => `f${index}`)],
  ])('contains the payload as JSON for %s', async (_what, fields) => {
    const template = await synthesize({ userIntent: 'x', enumeratorType: 'json', fields, outputDirectory: '/o' });
    expect(template).toContain('```item\n{payload}\n```');
  });

  it('adds less than 1,500 bytes to the intent and the fields', async () => {
    for (const enumeratorType of TYPES) {
      const template = await synthesize({ userIntent: '', enumeratorType, fields: ['a'], outputDirectory: '/o' });
      const { system, user } = (await createPromptRenderer({ template, fields: ['a'], outputDirectory: '/o' })).render({
        payload: { a: '' },
      });
      expect(Buffer.byteLength(system + user)).toBeLessThan(1_500);
    }
  });

  it('keeps any intent verbatim and any item inside its block', async () => {
    const text = fc.string({ unit: fc.constantFrom('{', '}', '`', '```', '```\n', '\n', 'a', ' ') });
    await fc.assert(
      fc.asyncProperty(text, text, async (userIntent, value) => {
        const template = await synthesize({ userIntent, enumeratorType: 'sql', fields: ['v'], outputDirectory: '/o' });
        const renderer = await createPromptRenderer({ template, fields: ['v'], outputDirectory: '/o' });
        const { system, user } = renderer.render({ payload: { v: value } });
        expect(`${system}\n${user}`).toContain(userIntent.trim());
        expect(user).toContain(`v: ${value}\n`);
      }),
      { examples: [['```{a}\n{b}\n```\n', '']] },
    );
  });
});

describe('the template of a step of scope job', () => {
  it('has the verbatim prompt, the results and the output directory', async () => {
    const template = await synthesizeJobStep({ userIntent: 'Make {one} page.', outputDirectory: '/o' });
    const renderer = await createPromptRenderer({ template, fields: JOB_STEP_FIELDS, outputDirectory: '/o' });
    const { system, user } = renderer.render({
      payload: { results_path: '/r.jsonl', units_total: 3, units_completed: 2, units_failed: 1 },
    });
    expect(system).toContain('Make {one} page.');
    expect(system).toContain('below /o');
    expect(user).toBe('```item\nresults_path: /r.jsonl\nunits_total: 3\nunits_completed: 2\nunits_failed: 1\n```');
  });
});
