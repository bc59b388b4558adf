import { createHash } from 'node:crypto';
import { appendFile, chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS } from '../../src/domain/export-format.ts';
import { exportUnits } from '../../src/export/index.ts';
import { type ExportRow, exportRow } from '../../src/export/row.ts';
import type { ExportOptions } from '../../src/export/write-units.ts';
import { enumerateAll } from '../enumerators/helpers.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { umask } from '../helpers/umask.ts';
import { row } from './helpers.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryDirectory('export');
});

const at = (name: string) => path.join(folder, name);

async function exported(format: string, rows: readonly ExportRow[], options: ExportOptions = {}) {
  const file = at('out');
  const report = await exportUnits(format, () => rows, file, { force: true, ...options });
  return { text: await readFile(file, 'utf8'), report };
}

const UNIT_HEADERS = 'unit,key,status,failure_class,failure_message,attempts,cost_usd,duration_ms,artifacts';

describe('half a surrogate pair', () => {
  const HALF = '\ud800';
  const rows = [
    row(0, { result: { label: `a${HALF}b`, tags: [{ [HALF]: 'x' }] }, payload: { id: `😀` } }),
    row(1, { result: `a${HALF}`, failure_message: HALF, key: HALF }),
    row(2, { result: 'a\\ud800' }),
  ];

  it.each(['csv', 'tsv', 'json', 'jsonl', 'markdown'])('becomes U+FFFD in %s, and is reported', async (format) => {
    const { text, report } = await exported(format, rows);
    expect(text.isWellFormed()).toBe(true);
    expect(text).toContain('a\ufffdb');
    expect(text).toContain('😀');
    expect(text.replace(/a\\{1,2}ud800/, '')).not.toMatch(/\\u[dD][89a-fA-F]/);
    expect(report).toMatchObject({ halves_replaced: 2 });
  });

  it('becomes U+FFFD in selected fields too', async () => {
    const { text, report } = await exported('json', rows, { fields: ['label'] });
    expect(JSON.parse(text)[0]).toEqual({ label: 'a\ufffdb' });
    expect(report).toMatchObject({ halves_replaced: 2 });
  });

  it.each(['json', 'jsonl', 'csv'])("leaves a file of %s that ABP's own source reads", async (format) => {
    await exportUnits(format, () => rows, at(`back.${format}`));
    const { payloads } = await enumerateAll(format === 'csv' ? 'csv' : 'json', { file_path: at(`back.${format}`) });
    expect(payloads).toHaveLength(3);
  });

  it('is not reported for well-formed text', async () => {
    expect((await exported('json', [row(0)])).report).not.toHaveProperty('halves_replaced');
  });
});

describe('CSV', () => {
  it('has input columns first, then flattened results, then the unit', async () => {
    const rows = [
      row(0, {
        payload: { id: 'a', size: { w: 1 } },
        result: { label: 'good', score: { mean: 0.5 }, tags: ['x', 'y'] },
      }),
      row(1, {
        payload: { id: 'b' },
        status: 'failed',
        result: null,
        failure_class: 'timeout',
        failure_message: 'ran out, of time',
        cost_usd: null,
      }),
    ];
    const { text, report } = await exported('csv', rows);
    expect(text).toBe(
      [
        `id,size.w,label,score.mean,tags,${UNIT_HEADERS}`,
        'a,1,good,0.5,"[""x"",""y""]",0,k0,completed,,,1,0.01,1200,',
        'b,,,,,1,k1,failed,timeout,"ran out, of time",1,,1200,',
        '',
      ].join('\n'),
    );
    expect(report).toEqual({
      path: at('out'),
      format: 'csv',
      rows: 2,
      bytes: Buffer.byteLength(text),
      sha256: createHash('sha256').update(text).digest('hex'),
      guarded: 0,
      partial: false,
    });
  });

  it.each([
    ['a text', 'All fine.'],
    ['a number', 7],
    ['a list', ['a', 1]],
  ])('puts a result that is %s into a column result', async (_what, result) => {
    const { text } = await exported('csv', [row(0, { result })]);
    expect(text.split('\n')[0]).toBe(`name,result,${UNIT_HEADERS}`);
  });

  it('prefixes equal names of unit and result with their group', async () => {
    const { text } = await exported('csv', [
      row(0, { payload: { status: 'open', a: { b: 1 }, 'a.b': 2 }, result: { status: 'closed', key: 'K' } }),
    ]);
    const [header, first] = text.split('\n');
    expect(header).toContain('status,a.b,payload.a.b,result.status,result.key,unit,key,unit.status,');
    expect(first).toContain('open,1,2,closed,K,0,k0,completed,');
  });

  it('restarts when a late row has a new column', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => row(index));
    rows.push(row(3000, { payload: { name: 'late', extra: 'input' }, result: { label: 'bad', why: 'late' } }));
    const { text, report } = await exported('csv', rows);
    const lines = text.trimEnd().split('\n');
    expect(lines[0]).toBe(`name,extra,label,why,${UNIT_HEADERS}`);
    expect(lines[1]?.startsWith('item 0,,good,,0,k0,')).toBe(true);
    expect(lines.at(-1)?.startsWith('late,input,bad,late,3000,')).toBe(true);
    expect(report).toMatchObject({ rows: 3001, bytes: Buffer.byteLength(text) });
  });

  it('keeps a result with thousands of keys in one column', async () => {
    const counts = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`word${index}`, index]));
    const { text } = await exported('csv', [row(0), row(1, { result: counts })]);
    const [header, first, second] = text.split('\n');
    expect(header).toBe(`name,result,${UNIT_HEADERS}`);
    expect(first).toContain('"{""label"":""good""}"');
    expect(second).toContain('""word599"":599');
  });

  it('is only a header without rows', async () => {
    expect((await exported('csv', [])).text).toBe(`${UNIT_HEADERS}\n`);
  });
});

describe('JSON Lines and JSON', () => {
  const rows = [row(0, { artifacts: [{ path: 'a.png', bytes: 3 }] }), row(1, { result: 'text\nof two lines' })];

  it('contain the rows unchanged', async () => {
    const { text } = await exported('jsonl', rows);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
    expect(JSON.parse((await exported('json', rows)).text)).toEqual(rows);
    expect((await exported('json', [])).text).toBe('[\n]\n');
  });

  it('contain the selected fields, missing ones as null', async () => {
    const options = { fields: ['key', 'result.label', 'payload'] };
    const expected = [
      { key: 'k0', 'result.label': 'good', payload: { name: 'item 0' } },
      { key: 'k1', 'result.label': null, payload: { name: 'item 1' } },
    ];
    expect(JSON.parse((await exported('json', rows, options)).text)).toEqual(expected);
    const { text } = await exported('jsonl', rows, options);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(expected);
  });
});

describe('Markdown', () => {
  it('is a table whose cells are always plain text', async () => {
    const { text } = await exported(
      'markdown',
      [row(0, { payload: { a: 'x|y\n<b>![i](u)`&\\' }, result: { ok: true } })],
      {
        fields: ['a', 'ok'],
      },
    );
    expect(text).toBe('| a | ok |\n| --- | --- |\n| x\\|y &lt;b&gt;!\\[i\\](u)\\`&amp;\\\\ | true |\n');
  });
});

describe('emphasis in a Markdown cell', () => {
  it.each([
    ['__init__.py', '\\_\\_init\\_\\_.py'],
    ['snake_case', 'snake_case'],
    ['2 * 3 * 4', '2 \\* 3 \\* 4'],
    ['~~gone~~', '\\~\\~gone\\~\\~'],
  ])('of %s is escaped', async (cell, written) => {
    const { text } = await exported('markdown', [row(0, { payload: { a: cell } })], { fields: ['a'] });
    expect(text).toBe(`| a |\n| --- |\n| ${written} |\n`);
  });
});

describe('selected fields', () => {
  it('come in the requested order, each once', async () => {
    const { text } = await exported('csv', [row(0)], { fields: ['status', 'label', 'payload.name', 'status'] });
    expect(text).toBe('status,label,payload.name\ncompleted,good,item 0\n');
  });

  it('may first appear in a late row', async () => {
    const rows = [...Array.from({ length: 1500 }, (_, index) => row(index)), row(1500, { result: { late: 1 } })];
    expect(
      (await exported('csv', rows, { fields: ['late'] })).text.split('\n').filter((line) => line === '1'),
    ).toHaveLength(1);
  });

  it('unknown to all rows are rejected before anything is written, with the closest name', async () => {
    await expect(exportUnits('csv', () => [row(0)], at('new/out.csv'), { fields: ['lable'] })).rejects.toMatchObject({
      code: 'invalid_input',
      hint: expect.stringContaining('Did you mean "label"?'),
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe.each(EXPORT_FORMATS)('an export as %s', (format) => {
  it('marks every row of a partial export', async () => {
    const { text, report } = await exported(format, [row(0), row(1, { status: 'pending', result: null })], {
      partial: true,
    });
    expect(report.partial).toBe(true);
    const marks = text.match(/true/g);
    expect(text).toContain('partial');
    expect(marks).toHaveLength(2);
    expect((await exported(format, [row(0)])).text).not.toContain('partial');
  });

  it('accepts asynchronous rows', async () => {
    async function* later() {
      yield row(0);
      await Promise.resolve();
      yield row(1);
    }
    expect(await exportUnits(format, later, at('later'))).toMatchObject({ rows: 2 });
  });

  it('leaves only the old file when its rows fail', async () => {
    await writeFile(at('out'), 'old');
    let round = 0;
    function* broken() {
      for (let index = 0; index < 5000; index += 1) yield row(index);
      round += 1;
      throw new Error('store gone');
    }
    await expect(exportUnits(format, broken, at('out'), { force: true })).rejects.toThrow('store gone');
    expect(round).toBe(1);
    expect(await readdir(folder)).toEqual(['out']);
    expect(await readFile(at('out'), 'utf8')).toBe('old');
  });

  it('stops on abort and leaves no file', async () => {
    const controller = new AbortController();
    function* many() {
      for (let index = 0; index < 1e9; index += 1) {
        if (index === 5000) controller.abort(new Error('stopped'));
        yield row(index);
      }
    }
    await expect(exportUnits(format, many, at('out'), { signal: controller.signal })).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the target', () => {
  it('that exists is rejected without force and not changed', async () => {
    await writeFile(at('out.csv'), 'mine');
    await expect(exportUnits('csv', () => [row(0)], at('out.csv'))).rejects.toMatchObject({ code: 'already_exists' });
    expect(await readFile(at('out.csv'), 'utf8')).toBe('mine');
    await exportUnits('csv', () => [row(0)], at('out.csv'), { force: true });
    expect(await readFile(at('out.csv'), 'utf8')).toContain('item 0');
  });

  it('that appears meanwhile is not replaced', async () => {
    async function* rows() {
      yield row(0);
      await writeFile(at('out.jsonl'), 'theirs');
    }
    await expect(exportUnits('jsonl', rows, at('out.jsonl'))).rejects.toMatchObject({ code: 'already_exists' });
    expect(await readFile(at('out.jsonl'), 'utf8')).toBe('theirs');
    expect(await readdir(folder)).toEqual(['out.jsonl']);
  });

  it.each([
    ['a directory', () => folder, 'invalid_input', /found a directory/],
    ['not a file', () => '/dev/null', 'invalid_input', /neither a file/],
    ['below a file', () => at('file/out.csv'), 'environment', /ENOTDIR|EEXIST/],
    ['a name that is too long', () => at(`${'x'.repeat(300)}.csv`), 'environment', /ENAMETOOLONG/],
  ])('that is %s is rejected', async (_what, target, code, message) => {
    await writeFile(at('file'), '');
    const file = target();
    await expect(exportUnits('csv', () => [row(0)], file, { force: true })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('may have a name of maximal length', async () => {
    const name = `${'x'.repeat(251)}.csv`;
    await exportUnits('csv', () => [row(0)], at(name));
    expect(await readdir(folder)).toEqual([name]);
  });

  it.skipIf(process.getuid?.() === 0)('in a folder that is not ours is refused before a row is read', async () => {
    await mkdir(at('theirs'), { mode: 0o555 });
    const rows = () => {
      throw new Error('read');
    };
    await expect(exportUnits('csv', rows, at('theirs/deeper/out.csv'))).rejects.toMatchObject({ code: 'environment' });
  });

  it('may be in folders that do not exist yet', async () => {
    await exportUnits('csv', () => [row(0)], at('a/b/out.csv'));
    expect(await readdir(at('a/b'))).toEqual(['out.csv']);
  });

  it.each([true, false])('that is a link is rejected and not changed (force: %s)', async (force) => {
    await mkdir(at('real'));
    await writeFile(at('real/out.csv'), 'old');
    await symlink(at('real/out.csv'), at('link.csv'));
    await symlink(at('real/none.csv'), at('dangling.csv'));
    for (const name of ['link.csv', 'dangling.csv']) {
      await expect(exportUnits('csv', () => [row(0)], at(name), { force })).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('it is a link'),
        hint: expect.stringContaining(at('real')),
      });
    }
    expect(await readFile(at('real/out.csv'), 'utf8')).toBe('old');
    expect(await readdir(at('real'))).toEqual(['out.csv']);
  });

  it('is replaced without force only if it is an unchanged former export', async () => {
    const { sha256 } = await exportUnits('csv', () => [row(0)], at('out.csv'));
    const former = ['0'.repeat(64), sha256];
    const again = await exportUnits('csv', () => [row(0), row(1)], at('out.csv'), { former });
    expect(again).toMatchObject({
      rows: 2,
      sha256: createHash('sha256')
        .update(await readFile(at('out.csv')))
        .digest('hex'),
    });
    await appendFile(at('out.csv'), '\n');
    await expect(
      exportUnits('csv', () => [row(0)], at('out.csv'), { former: [...former, again.sha256] }),
    ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('was changed since') });
  });

  it('that is changed while the export is written is not replaced', async () => {
    const { sha256 } = await exportUnits('jsonl', () => [row(0)], at('out.jsonl'));
    async function* rows() {
      yield row(0);
      await appendFile(at('out.jsonl'), 'mine');
    }
    await expect(exportUnits('jsonl', rows, at('out.jsonl'), { former: [sha256] })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await readFile(at('out.jsonl'), 'utf8')).toMatch(/mine$/);
    expect(await readdir(folder)).toEqual(['out.jsonl']);
  });

  it('is reported with its final hash, also after a restart', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => row(index));
    rows.push(row(3000, { result: { label: 'bad', why: 'late' } }));
    const { sha256 } = await exportUnits('csv', () => rows, at('out.csv'));
    expect(sha256).toBe(
      createHash('sha256')
        .update(await readFile(at('out.csv')))
        .digest('hex'),
    );
  });

  it.each([
    ['0700', 0o700, 0o600, 0o700],
    ['0711, which nobody else can list', 0o711, 0o600, 0o700],
    ['0730', 0o730, 0o600, 0o700],
    ['0750', 0o750, 0o666, 0o777],
    ['0704', 0o704, 0o666, 0o777],
    ['0755', 0o755, 0o666, 0o777],
  ])('in a folder of mode %s is readable for those who may read the folder', async (_what, mode, file, made) => {
    const asked = (bits: number) => bits & ~umask();
    await chmod(folder, mode);
    await exportUnits('csv', () => [row(0)], at('out.csv'));
    await exportUnits('csv', () => [row(0)], at('new/deeper/out.csv'));
    const bits = async (name: string) => (await stat(at(name))).mode & 0o777;
    expect(await bits('out.csv')).toBe(asked(file));
    expect([await bits('new'), await bits('new/deeper')]).toEqual([asked(made), asked(made)]);
    expect(await bits('new/deeper/out.csv')).toBe(asked(file));
  });
});

describe('a format', () => {
  it('that is unknown is rejected with the closest name', async () => {
    await expect(exportUnits('cvs', () => [], at('out'))).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'Unknown export format "cvs". Did you mean "csv"?',
    });
  });
});

describe('an exported file', () => {
  const TEXTS: Readonly<Record<string, readonly [written: string, read: string]>> = {
    'a NUL': ['a\0b', 'ab'],
    'a lone surrogate': ['a\ud800b', 'a\ufffdb'],
    'a byte order mark': ['\ufeffa', '\ufeffa'],
    'a carriage return': ['a\rb\r', 'a\rb\r'],
    'line breaks of three kinds': ['a\r\nb\nc\r', 'a\r\nb\nc\r'],
    'a line separator': ['a\u2028b\u2028', 'a\u2028b\u2028'],
    'tabs, commas and quotes': ['\t"a",;|', '\'\t"a",;|'],
    'a formula, which keeps its guard': ['=1+1', "'=1+1"],
    'spaces around it': [' a ', ' a '],
    nothing: ['', ''],
  };

  it.each(Object.entries(TEXTS))('is read by the csv source, with %s', async (_what, [written, read]) => {
    for (const format of ['csv', 'tsv']) {
      const rows = [row(0, { payload: { text: written, [`n${written}`]: 'x' }, result: { text: written } }), row(1)];
      const file = at(`out.${format}`);
      await exportUnits(format, () => rows, file, { force: true });
      const { payloads } = await enumerateAll('csv', { file_path: file });
      expect(payloads[0], format).toMatchObject({ text: read, 'result.text': read, key: 'k0' });
      expect(payloads).toHaveLength(2);
    }
  });

  it.each(Object.entries(TEXTS).filter(([what]) => what !== 'a lone surrogate'))(
    'is read by the json source as it was, with %s',
    async (_what, [written]) => {
      for (const format of ['json', 'jsonl']) {
        const file = at(`out.${format}`);
        await exportUnits(format, () => [row(0, { result: { text: written } })], file, { force: true });
        const { payloads } = await enumerateAll('json', { file_path: file });
        expect(payloads[0], format).toMatchObject({ result: { text: written } });
      }
    },
  );

  it('is read back with one column of any name', async () => {
    for (const format of ['csv', 'tsv']) {
      const rows = [row(0, { result: { 'a,b;c': 'x' } }), row(1, { result: { 'a,b;c': 'y' } })];
      await exportUnits(format, () => rows, at(`out.${format}`), { force: true, fields: ['a,b;c'] });
      const { payloads } = await enumerateAll('csv', { file_path: at(`out.${format}`) });
      expect(payloads).toMatchObject([{ 'a,b;c': 'x' }, { 'a,b;c': 'y' }]);
    }
  });
});

describe('the row of a unit', () => {
  const unit = {
    jobId: 'j',
    scope: 'unit',
    index: 4,
    key: 'k',
    payload: { a: 1 },
    step: 0,
    attempt: 2,
    retriesUsed: 1,
    deferrals: 0,
    interruptions: 0,
    notBefore: 0,
    failureClass: null,
    failureMessage: null,
  } as const;
  const used = { costUsd: 0.5, durationMs: 9 };
  const result = { text: 'said', structured: { label: 'good' }, artifacts: [{ path: 'p', bytes: 1 }] };
  const results = new Map([[0, result]]);

  it('has the structured result rather than the text, and the usage of all attempts', () => {
    expect(exportRow({ unit: { ...unit, status: 'completed' }, results, used })).toEqual({
      unit: 4,
      key: 'k',
      status: 'completed',
      payload: { a: 1 },
      result: { label: 'good' },
      artifacts: [{ path: 'p', bytes: 1 }],
      failure_class: null,
      failure_message: null,
      attempts: 2,
      cost_usd: 0.5,
      duration_ms: 9,
    });
  });

  it('has money rounded to a millionth', () => {
    const cost = (costUsd: number) =>
      exportRow({ unit: { ...unit, status: 'completed' }, results, used: { ...used, costUsd } }).cost_usd;
    expect([0.015359999999999999, 0.1 + 0.2, 0.0000014].map(cost)).toEqual([0.01536, 0.3, 0.000001]);
  });

  it('has no result unless the unit is completed', () => {
    expect(exportRow({ unit: { ...unit, status: 'pending' }, results, used })).toMatchObject({
      result: null,
      artifacts: [],
    });
  });
});
