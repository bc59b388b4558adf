import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/domain/json.ts';
import { redact, redactArguments, redactJson, redactResult } from '../../src/domain/redact.ts';

const GONE = '[redacted]';
const SAME = 'same';

describe('a text in results and in logs', () => {
  test.each<[string, string, string, string]>([
    [
      'a password of Oracle',
      'jdbc:oracle:thin:scott/tig/er12@db',
      `jdbc:oracle:thin:scott/${GONE}@db`,
      'as in results',
    ],
    ['its placeholder', 'jdbc:oracle:thin:scott/<password>@db', SAME, SAME],
    [
      'quoted parts',
      'Server=db;User="sa";Password="hunter22"',
      `Server=db;User="sa";Password="${GONE}"`,
      'as in results',
    ],
    ['an option with its value as two texts', '["--password", "Hunter2xx"]', SAME, `["--password", "${GONE}"]`],
    ['an option for a key', '--key a1b2c3d4e5', SAME, `--key ${GONE}`],
    ['an option for a key that is a word', '--key abcdefghij', SAME, SAME],
    ['an option with a word', '--password sesame', SAME, `--password ${GONE}`],
    ['an option with a word in a sentence', '--password sesame please', SAME, SAME],
    ['a user without a password in SQL', "identified by ''", SAME, SAME],
    ['a token without a digit', 'bearer ABCdefghijklmnoPQRstuv', SAME, `bearer ${GONE}`],
    ['a cookie of a session that is a word', 'Cookie: session=abcdef', `Cookie: ${GONE}`, 'as in results'],
    ['a long key without a digit', 'X-Api-Key: ABCdefGHIjklMNOpqrs', SAME, `X-Api-Key: ${GONE}`],
    ['a short key without a digit', 'X-Api-Key: ABCdefGHI', SAME, SAME],
    ['a quote that its line does not close', 'password="abc\n', SAME, `password="${GONE}\n`],
    ['a value beyond ASCII', 'password="pässwörter"', SAME, `password="${GONE}"`],
    ['two parts of a token', 'eyJhbGciOiJIUzI1NiJ9.abc', SAME, SAME],
    ['a line of one letter', 'a'.repeat(64), SAME, SAME],
    ['a bot without its number', `:AA${'aB1'.repeat(11)}`, SAME, SAME],
    ['capitals in the form of a key', `MTIzNDU2Nzg5MDEyMzQ1Njc4.GABCDE.${'A'.repeat(38)}`, SAME, SAME],
    ['a program without a password', 'redis-cli -a', SAME, SAME],
    ['a program with a placeholder', 'redis-cli -a <password>', SAME, SAME],
    ['a program with a password', 'redis-cli -a hunter22', SAME, `redis-cli -a ${GONE}`],
    ['a program before another one', 'sshpass mysql -phunter22', SAME, `sshpass mysql -p${GONE}`],
  ])('%s: %s', (_, text, results, logs) => {
    const expected = (clean: string) => (clean === SAME ? text : clean === 'as in results' ? results : clean);
    expect([redact(text, 'results'), redact(text, 'logs')]).toEqual([expected(results), expected(logs)]);
  });

  test('with more secrets than one batch of parts loses all of them', () => {
    const lines = Array.from({ length: 2500 }, (_, n) => `line ${n}: https://user:hunter2@example.com/`);
    expect(redact(lines.join('\n'), 'results')).toBe(lines.join('\n').replaceAll('hunter2', GONE));
  });
});

describe('JSON fields', () => {
  const long = 'a'.repeat(41);
  test.each<['results' | 'logs', object, object]>([
    [
      'results',
      { password: 123456, pwd: 12, token: 123456, [long]: 'x' },
      { password: GONE, pwd: 12, token: 123456, [long]: 'x' },
    ],
    ['logs', { password: 123456, pwd: 12, token: 123456 }, { password: GONE, pwd: 12, token: 123456 }],
    [
      'logs',
      { password: '', passphrase: '<password>', pwd: 'null' },
      { password: '', passphrase: '<password>', pwd: 'null' },
    ],
    ['logs', { ssh_key: 'a1b2c3d4e5f6a7b8' }, { ssh_key: GONE }],
    [
      'logs',
      { ssh_key: 'a1b2c3d4e5f6 a7b8', my_key: 'abcdefghijklmnopqr', key: 'a1b2c3d4e5f6a7b8' },
      { ssh_key: 'a1b2c3d4e5f6 a7b8', my_key: 'abcdefghijklmnopqr', key: 'a1b2c3d4e5f6a7b8' },
    ],
    ['logs', { cookie: 'session=abcdef1234' }, { cookie: `session=${GONE}` }],
    // The header as a whole, where its very name is a key.
    ['logs', { 'x-sk-abcdefghijklmnopqrstuvwxyz': 'plain' }, { 'x-sk-abcdefghijklmnopqrstuvwxyz': `x-${GONE}: plain` }],
  ])('in %s: %j', (profile, value, clean) => {
    expect(redactJson(value as never, profile)).toEqual(clean);
  });

  test('undefined stays undefined', () => {
    const nothing: unknown = redactJson(undefined as Json | undefined, 'logs');
    expect(nothing).toBeUndefined();
    expect(redactResult({ text: null })).toEqual({ result: { text: null }, removed: 0 });
  });

  test('are also hidden in their JSON text, plain or escaped; similar names are not', () => {
    const structured = { password: 'hun"ter2\\x', token: 'noun' };
    const text = `${JSON.stringify(structured)} {"secret":"a\\qb"}`;
    expect(redactResult({ text, structured })).toEqual({
      result: {
        text: `{"password":"${GONE}","token":"noun"} {"secret":"a\\qb"}`,
        structured: { password: GONE, token: 'noun' },
      },
      removed: 1,
    });
    expect(redactResult({ text: null, structured })).toMatchObject({ result: { text: null }, removed: 1 });
  });
});

test.each<[readonly string[], readonly string[]]>([
  [[], []],
  [
    ['/usr/bin/mysql', '-phunter22'],
    ['/usr/bin/mysql', `-p${GONE}`],
  ],
  [
    ['run', '--key', 'a1b2c3d4e5'],
    ['run', '--key', GONE],
  ],
])('the arguments %j become %j', (argv, shown) => {
  expect(redactArguments(argv)).toEqual(shown);
});
