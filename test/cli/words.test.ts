import { describe, expect, test } from 'vitest';
import { atLeast, list, timeSpan, unitIndexes } from '../../src/cli/arguments.ts';
import { parseValue } from '../../src/cli/batch-file/document.ts';
import { substituteEnvironment } from '../../src/cli/batch-file/environment.ts';
import { EXIT_OF_ERROR } from '../../src/cli/exit-codes.ts';
import { bytes, count, duration, money, range } from '../../src/cli/format.ts';
import { inCommands } from '../../src/cli/hint-words.ts';
import { printable } from '../../src/cli/terminal.ts';
import { advised } from '../../src/domain/advice.ts';
import { ERROR_CODES } from '../../src/domain/error.ts';
import { adviceIn, FAILURE_CLASSES } from '../../src/domain/failure.ts';
import { type Hint, mention, NAMED_OPERATIONS, using } from '../../src/domain/hint.ts';
import { JOB_STATUSES, PAUSE_REASONS } from '../../src/domain/job.ts';
import { flow } from '../helpers/flow.ts';
import { worded } from '../helpers/told.ts';

describe('arguments', () => {
  test.each([
    [['3'], [3]],
    [
      ['5-7', '9'],
      [5, 6, 7, 9],
    ],
    [['1,3-4'], [1, 3, 4]],
  ])('units %j', (texts, indexes) => {
    expect(texts.reduce<readonly number[]>((before, text) => unitIndexes(text, before), [])).toEqual(indexes);
  });

  test.each(['x', '5-3', '-1', '1-', '1.5', '0-99999'])('no units: %j', (text) => {
    expect(() => unitIndexes(text)).toThrow(/units/);
  });

  test.each([
    ['90s', 90],
    ['1.5h', 5400],
    ['30d', 2_592_000],
    ['2w', 1_209_600],
  ])('a time %s', (text, seconds) => expect(timeSpan(text)).toBe(seconds));

  test.each(['', '5', 'd', '-1d', '1y'])('no time: %j', (text) => expect(() => timeSpan(text)).toThrow(/90s/));
  test.each(['', '1.5', '0', 'x', '-3'])('no number from 1: %j', (text) => expect(() => atLeast(1)(text)).toThrow());
  test('a list', () => expect(list('a, b,c')).toEqual(['a', 'b', 'c']));
  test('a list with nothing between two commas', () => expect(() => list('a,,b')).toThrow());

  test.each<[string, unknown]>([
    ['2', 2],
    ['true', true],
    ['haiku', 'haiku'],
    ['{type: claude, model: haiku}', { type: 'claude', model: 'haiku' }],
    ['[a, b]', ['a', 'b']],
    ['*.md', '*.md'],
    ['**/*.md', '**/*.md'],
    ['@scope/x', '@scope/x'],
    ['', null],
  ])('a value %j', (text, value) => expect(parseValue(text, 'x')).toEqual(value));

  test.each(['{type: claude', '[a', '"open'])('no value: %j', (text) => {
    expect(() => parseValue(text, '--set a')).toThrow(/--set a: the value is not YAML/);
  });
});

describe('the environment in a batch file', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what comes in is not looked at again
  const environment = { A: 'one', B: '${A}', EMPTY: '' };

  test('is inserted at any depth, once, and only for declared names', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
    const given = { a: ['${A}${B}', 5], '${A}': '$A ${C} ${path} ${EMPTY}.' };
    const { value, undeclared } = substituteEnvironment(given, ['A', 'B', 'EMPTY'], { ...environment, C: 'x' });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: nothing is looked at twice
    expect(value).toEqual({ a: ['one${A}', 5], '${A}': '$A ${C} ${path} .' });
    expect([...undeclared]).toEqual(['C']);
  });

  test('with a declared name that is used but not set is an error', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
    expect(() => substituteEnvironment('${NOPE}', ['NOPE'], {})).toThrow(/NOPE.*not set/);
  });
});

describe('names in messages', () => {
  test.each(NAMED_OPERATIONS)('%s has its command', (name) => {
    expect(inCommands([mention(name)], 'job-1')).toMatch(/^abp /);
    expect(inCommands([using(name)], 'job-1')).toMatch(/^with abp /);
  });

  test.each<Hint>([
    ...FAILURE_CLASSES.flatMap((name) =>
      JOB_STATUSES.flatMap((status) => [adviceIn(status, name), adviceIn(status, name, 'command')]),
    ),
    ...Object.values(PAUSE_REASONS).flatMap(({ advice }) => [advised(advice, 'paused'), advised(advice, 'testing')]),
    [mention('start_job'), ' runs the test unit first.'],
    [mention('list_jobs'), ' shows the jobs.'],
  ])('no tool is left in: %j', (hint) => {
    expect(inCommands(hint)).not.toMatch(/\b[a-z]+_(job|jobs|unit|units|status|items|results|enumerators)\b|approve=/);
    expect(inCommands(hint)).not.toMatch(/without (approve|skip_test)/);
  });

  test.each([
    [mention('start_job', { approve: true }), 'abp approve job-1 --yes'],
    [mention('start_job', { approve: false }), 'abp reject job-1'],
    [mention('start_job', { again: true }), 'abp start job-1 --again --yes'],
    [mention('start_job'), 'abp approvals allow job-1 --yes, then abp start job-1'],
    [mention('manage_units', { action: 'reopen' }), 'abp reopen job-1 --yes'],
    [mention('manage_units'), 'abp retry job-1 --yes'],
    [mention('manage_units', { action: 'rerun' }), 'abp rerun job-1 --yes'],
    [mention('manage_units', { action: 'skip' }), 'abp skip job-1'],
    [mention('manage_units', { action: 'cancel' }), 'abp cancel job-1'],
    [mention('get_job_status'), 'abp status job-1'],
  ])('%j of a job that must be allowed: %s', (named, command) => {
    expect(inCommands([named], 'job-1', true)).toBe(command);
  });

  test.each([
    ['a decision before its test', false, 'abp start job-1 runs the test unit first.'],
    ['a decision while its test runs', true, 'Wait: abp start job-1 returns the result.'],
  ])('%s is refused in words of the command line', async (_what, started, words) => {
    const f = flow();
    const job_id = await f.create();
    if (started) await f.call('start_job', { job_id, wait_seconds: 0 });
    const refused = f.call('start_job', { job_id, approve: true, wait_seconds: 0 });
    await expect(worded(refused, (given) => inCommands(given, 'job-1'))).rejects.toMatchObject({ hint: words });
  });

  test('every error has its exit', () => {
    expect(Object.keys(EXIT_OF_ERROR).sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });
});

describe('formats', () => {
  test.each([
    [0, '$0.00'],
    [0.0312, '$0.0312'],
    [12.345, '$12.35'],
  ])('money %d', (usd, text) => expect(money(usd)).toBe(text));

  test.each([
    [0.23, '0.2 s'],
    [42.4, '42 s'],
    [200, '3 min 20 s'],
    [7200, '2 h'],
    [7500, '2 h 5 min'],
    [273_600, '3 d 4 h'],
  ])('a time of %d s', (seconds, text) => expect(duration(seconds)).toBe(text));

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.5 kB'],
    [3.2e9, '3.2 GB'],
  ])('%d bytes', (amount, text) => expect(bytes(amount)).toBe(text));

  test('counts and ranges', () => {
    expect([count(1, 'unit'), count(1234, 'unit')]).toEqual(['1 unit', '1,234 units']);
    expect([range([1, 2.5], money), range([1, 1.001], money)]).toEqual(['$1.00 to $2.50', '$1.00']);
  });

  test.each([
    ['\u001b[2Jx', false, '\\u001b[2Jx'],
    ['a\r\nb\tc', false, 'a b c'],
    ['a\r\nb\tc', true, 'a\nb\tc'],
    ['// seen\rhidden()', false, '// seen\\rhidden()'],
    ['// seen\rhidden()', true, '// seen\\rhidden()'],
    ['exe\u202egpj', true, 'exe\\u202egpj'],
    ['naïve 日本 👍', true, 'naïve 日本 👍'],
  ])('%j is made safe to print', (text, lines, safe) => expect(printable(text, lines)).toBe(safe));
});
