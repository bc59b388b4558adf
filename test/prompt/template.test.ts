import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AbpError } from '../../src/domain/error.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { checkTemplate, escapeBraces, fillParts, parseTemplate } from '../../src/prompt/template.ts';

const FIELDS = ['file_path', 'size', 'Price (€)', 'größe', 'a.b-c d', 'nested', 'ok', 'gone'];
const PAYLOAD: JsonObject = {
  file_path: '/tmp/{size}.md',
  size: 12,
  'Price (€)': '3,50',
  größe: 'XL',
  'a.b-c d': 'x',
  nested: { deep: [1, '{size}'] },
  ok: true,
  gone: null,
};

const STEPS = [
  { name: 'score', outputSchema: { type: 'object', properties: { value: {}, why: {} } } },
  { name: 'note', outputSchema: null },
];

function fill(template: string, payload: JsonObject = PAYLOAD, fields: readonly string[] = FIELDS): string {
  return fillParts(parseTemplate(template, { fields }), { payload });
}

describe('a template', () => {
  it.each([
    ['a field', 'Read {file_path}.', 'Read /tmp/{size}.md.'],
    ['a number, a boolean', '{size} {ok}', '12 true'],
    ['null and missing as empty', '[{gone}]', '[]'],
    ['nested values as JSON', '{nested}', '{"deep":[1,"{size}"]}'],
    ['a field that does not look like a name', 'costs {Price (€)}', 'costs 3,50'],
    ['letters of any alphabet, dots, dashes, spaces', '{größe}{a.b-c d}', 'XLx'],
    ['the whole payload', '{payload}', JSON.stringify(PAYLOAD)],
    ['escaped braces', '{{size}} }}{{', '{size} }{'],
    ['a placeholder inside escaped braces', '{{{size}}}', '{12}'],
    ['a placeholder next to closing braces', '{"n": {size}}', '{"n": 12}'],
    ['nested JSON as it is', '{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 1}}}'],
    ['escaped braces inside single ones', '{"a": {{x}}}', '{"a": {x}}'],
    ['a regular expression', '\\d{1,3}', '\\d{1,3}'],
    ['empty and blank braces', '{} { } {...}', '{} { } {...}'],
    ['lone braces', '} { :-} {', '} { :-} {'],
    ['code over several lines', 'if (x) {\n  y();\n}', 'if (x) {\n  y();\n}'],
    ['nothing', '', ''],
  ])('renders %s', (_what, template, expected) => {
    expect(fill(template)).toBe(expected);
  });

  it('reads only own properties of a payload', () => {
    expect(fill('[{constructor}]', {}, ['constructor'])).toBe('[]');
  });

  it.each([
    ['{file_pth}', 'file_pth', 'file_path'],
    ['{ size }', ' size ', 'size'],
    ['{FilePath}', 'FilePath', 'file_path'],
    ['\n\nsee {größse}', 'größse', 'größe'],
  ])('rejects %j and names the closest field', (template, name, near) => {
    const error = refusal(template);
    expect(error).toMatchObject({ code: 'invalid_input', details: { unknown: [name], nearest: near } });
    expect(error.message).toContain(`{${name}}`);
    expect(error.message).toContain('{Price (€)}');
    expect(error.hint).toContain(`Did you mean {${near}}?`);
    expect(error.hint).toContain(`{{${name}}}`);
  });

  it('lists every unknown placeholder once, with the line of the first', () => {
    expect(refusal('{size}\n{zzzzzzzz} {yyyyyyyy}\n{zzzzzzzz}').details).toMatchObject({
      unknown: ['zzzzzzzz', 'yyyyyyyy'],
      line: 2,
    });
  });

  it.each([
    ['{score}', '{"value":7,"why":{"text":"{size}"}}'],
    ['{score.value} of 10', '7 of 10'],
    ['{score.why.text}', '{size}'],
    ['{score.why.none}', ''],
    ['{note}: {note.any}', 'plain text: '],
    // A field of the items comes first.
    ['{a.b-c d}', 'x'],
  ])('names the results of earlier steps: %s', (template, text) => {
    const results = { score: { value: 7, why: { text: '{size}' } }, note: 'plain text' };
    expect(fillParts(parseTemplate(template, { fields: FIELDS, steps: STEPS }), { payload: PAYLOAD, results })).toBe(
      text,
    );
  });

  it('a result that is not there is empty', () => {
    const parts = parseTemplate('{score}{score.value}{note}', { fields: [], steps: STEPS });
    expect(fillParts(parts, { payload: {} })).toBe('');
    expect(fillParts(parts, { payload: {}, results: { score: null, note: ['value'] } })).toBe('["value"]');
  });

  it('refuses a step that comes later, and a field that its schema does not have, with those that it has', () => {
    const check = (template: string) => () => checkTemplate(template, { fields: ['size'], steps: STEPS });
    expect(check('{score} {score.value} {note.anything}')).not.toThrow();
    expect(check('{render}')).toThrow(/names \{render\}.*\{score\}, \{score\.value\}, \{score\.why\}, \{note\}/);
    expect(check('{score.valeu}')).toThrow(/names \{score\.valeu\}/);
  });

  it('never fills an unknown name', () => {
    expect(() => fill('{nobody}')).toThrow(AbpError);
  });

  it('accepts what it can render', () => {
    expect(() => checkTemplate('{size} {payload} {{literal}} {"json": 1}', { fields: FIELDS })).not.toThrow();
  });
});

describe('for any text', () => {
  const braceText = fc.string({ unit: fc.constantFrom('{', '}', 'a', ' ', '"', '\n', '`', '{size}', '{{', '}}') });

  it('a value is never parsed', () => {
    fc.assert(
      fc.property(braceText, braceText, (one, other) => {
        expect(fill('<{one}|{other}>', { one, other }, ['one', 'other'])).toBe(`<${one}|${other}>`);
      }),
    );
  });

  it('escaped text renders as itself anywhere', () => {
    fc.assert(
      fc.property(braceText, braceText, (before, after) => {
        const template = `${escapeBraces(before)}{size}${escapeBraces(after)}`;
        expect(fill(template, { size: 7 })).toBe(`${before}7${after}`);
      }),
    );
  });

  it('JSON of any depth stays unchanged', () => {
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.stringMatching(/^[a-z ,.]*$/));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.dictionary(fc.stringMatching(/^[a-z]+$/), tie('tree')),
        fc.array(tie('tree')),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(fill(text)).toBe(text);
      }),
    );
  });

  it('text without braces stays unchanged, and parsing loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/[{}]/.test(text));
        expect(fill(text)).toBe(text);
      }),
    );
  });
});

function refusal(template: string): AbpError {
  try {
    checkTemplate(template, { fields: FIELDS });
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
  throw new Error(`${template} was accepted`);
}
