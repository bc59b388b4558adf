import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { redact, redactArguments, redactJson, redactLines, redactResult } from '../../src/domain/redact.ts';
import { hostileTexts } from './redact/hostile.ts';
import { INNOCENT, INNOCENT_JSON } from './redact/innocent.ts';
import { CERTAIN, CONTEXTS, KEYS, LIKELY } from './redact/secrets.ts';

const PROFILES = ['results', 'logs'] as const;

describe('a provider key', () => {
  for (const [context, write] of Object.entries(CONTEXTS)) {
    test.each(KEYS)(`${context}: $kind`, ({ text, secret }) => {
      for (const profile of PROFILES) {
        const clean = redact(write(text), profile);
        expect(clean).not.toContain(secret);
        expect(clean).toContain('[redacted]');
        // Only the key is hidden, and redacting again changes nothing.
        if (profile === 'results') expect(clean.length).toBeGreaterThanOrEqual(write('').length);
        expect(redact(clean, profile)).toBe(clean);
      }
    });
  }
});

describe('a secret with its context', () => {
  test.each(CERTAIN)('is hidden in results and logs: $kind', ({ text, secret }) => {
    for (const profile of PROFILES) {
      for (const context of [text, `${text}\n`, `first line\n${text}`, JSON.stringify({ out: `x\n${text}\ny` })]) {
        const clean = redact(context, profile);
        expect(clean).not.toContain(secret);
        expect(clean).toContain('[redacted]');
        expect(redact(clean, profile)).toBe(clean);
      }
    }
  });

  test.each(LIKELY)('is hidden in logs: $kind', ({ text, secret }) => {
    for (const context of [
      text,
      `${text}\n`,
      `first line\n${text}`,
      `$ ${text}`,
      JSON.stringify({ out: `x\n${text}\ny` }),
    ]) {
      const clean = redact(context, 'logs');
      expect(clean).not.toContain(secret);
      expect(redact(clean, 'logs')).toBe(clean);
    }
  });

  test('leaves the JSON around it valid', () => {
    for (const { text } of [...KEYS, ...CERTAIN, ...LIKELY]) {
      for (const json of [{ note: text, n: 1 }, { log: JSON.stringify({ note: text }) }, [text, 'x']]) {
        for (const profile of PROFILES) expect(() => JSON.parse(redact(JSON.stringify(json), profile))).not.toThrow();
      }
    }
  });

  test('the table has enough of them', () => {
    expect(KEYS.length + CERTAIN.length + LIKELY.length).toBeGreaterThan(150);
    expect(INNOCENT.length).toBeGreaterThan(60);
  });
});

describe('text without a secret', () => {
  test.each(INNOCENT.map((text) => [text]))('stays in a result: %s', (text) => {
    for (const context of [text, `${text}\n`, `a\n${text}\nb`, `"${text}"`, JSON.stringify({ note: text })]) {
      expect(redact(context, 'results')).toBe(context);
    }
  });

  test.each(INNOCENT_JSON.map((value) => [value]))('stays in a structured result: %j', (value) => {
    expect(redactJson(value, 'results')).toEqual(value);
    expect(redactResult({ text: JSON.stringify(value), structured: value })).toEqual({
      result: { text: JSON.stringify(value), structured: value },
      removed: 0,
    });
  });

  test('prose mostly stays in logs', () => {
    const changed = INNOCENT.filter((text) => redact(text, 'logs') !== text);
    expect(changed.length).toBeLessThanOrEqual(5);
  });
});

/** Far above linear work on the slowest machine; quadratic work on so much text takes hours. */
const CEILING_MS = 120_000;
const HOSTILE_CHARS = 1_000_000;

test('any text is redacted in linear time', { timeout: CEILING_MS + 10_000 }, async () => {
  const worker = new Worker(new URL('./redact/redact-worker.ts', import.meta.url), { workerData: HOSTILE_CHARS });
  const ended = await new Promise((resolve, reject) => {
    let latest: unknown = 'nothing';
    const late = setTimeout(() => resolve(latest), CEILING_MS);
    worker.on('message', (message) => {
      latest = message;
      if (message !== 'done') return;
      clearTimeout(late);
      resolve(message);
    });
    worker.on('error', reject);
  });
  await worker.terminate();
  expect(ended).toBe('done');
});

test('redacting a hostile text again changes nothing', () => {
  for (const text of Object.values(hostileTexts(3_000))) {
    for (const profile of PROFILES) {
      const clean = redact(text, profile);
      expect(redact(clean, profile)).toBe(clean);
    }
  }
});

describe('a result', () => {
  test('loses the values of secret names, also in its text, and counts them', () => {
    const structured = {
      user: 'anna',
      password: 'hunter2',
      token: 'zz9z',
      nested: [{ db_password: 12345678, ok: true }],
    };
    const text = JSON.stringify(structured, null, 2);
    const { result, removed } = redactResult({ text, structured });
    const hidden = {
      user: 'anna',
      password: '[redacted]',
      token: '[redacted]',
      nested: [{ db_password: '[redacted]', ok: true }],
    };
    expect(result.structured).toEqual(hidden);
    expect(result.text).not.toMatch(/hunter2|zz9z|12345678/);
    expect(result.text).toContain('"user": "anna"');
    expect(removed).toBe(3);
  });

  test('keeps the same words without a secret name before them', () => {
    const structured = { password: 'blue', sky: 'blue', note: 'the sky is blue' };
    const { result } = redactResult({ text: JSON.stringify(structured), structured });
    expect(result).toEqual({
      text: '{"password":"[redacted]","sky":"blue","note":"the sky is blue"}',
      structured: { password: '[redacted]', sky: 'blue', note: 'the sky is blue' },
    });
  });

  test('keeps the digits of numbers that JSON cannot hold', () => {
    const text = '{"id":12345678901234567890,"password":"hunter2"}';
    expect(redactResult({ text, structured: JSON.parse(text) }).result.text).toBe(
      '{"id":12345678901234567890,"password":"[redacted]"}',
    );
  });

  test.each([
    [{ api_key: 'abcd1234' }, { api_key: '[redacted]' }],
    [{ OPENAI_API_KEY: 'abcd1234' }, { OPENAI_API_KEY: '[redacted]' }],
    [{ clientSecret: 'abcd1234' }, { clientSecret: '[redacted]' }],
    [
      { accessToken: 'abcd1234', refresh_token: 'x9y8z7w6' },
      { accessToken: '[redacted]', refresh_token: '[redacted]' },
    ],
    [
      { name: 'DB_PASSWORD', value: 'hunter2' },
      { name: 'DB_PASSWORD', value: '[redacted]' },
    ],
    [{ headers: { Authorization: 'Bearer abcd1234' } }, { headers: { Authorization: 'Bearer [redacted]' } }],
    [{ Cookie: 'sid=a1b2c3d4e5f6' }, { Cookie: '[redacted]' }],
    [{ passwords: { password: ['one1', 'two2'] } }, { passwords: { password: ['[redacted]', '[redacted]'] } }],
    [{ password: 'correct horse battery staple' }, { password: '[redacted]' }],
  ])('hides by exact names: %j', (given, clean) => {
    expect(redactJson(given, 'results')).toEqual(clean);
    expect(redactJson(clean, 'results')).toEqual(clean);
  });

  test('counts each secret of a text once', () => {
    const [first, second] = [KEYS[0]?.text ?? '', KEYS[7]?.text ?? ''];
    expect(redactResult({ text: `${first} and ${second} and ${first}` }).removed).toBe(3);
    expect(redactResult({ text: 'plain words' })).toEqual({ result: { text: 'plain words' }, removed: 0 });
    expect(redactResult({ text: null })).toEqual({ result: { text: null }, removed: 0 });
  });
});

test('a log also loses the values of probable secret names', () => {
  expect(
    redactJson(
      { dbPass: 'hunter2', session_id: 'a1b2c3', count: 7, sort_key: 'name', nested: [{ jwt: 'x1y2' }] },
      'logs',
    ),
  ).toEqual({
    dbPass: '[redacted]',
    session_id: '[redacted]',
    count: 7,
    sort_key: 'name',
    nested: [{ jwt: '[redacted]' }],
  });
});

describe('the arguments of a program', () => {
  test.each([
    [
      ['tool', '--token=abc'],
      ['tool', '--token=[redacted]'],
    ],
    [
      ['tool', '--password', 'x'],
      ['tool', '--password', '[redacted]'],
    ],
    [
      ['tool', '--api-key', 'abcd1234', '--verbose'],
      ['tool', '--api-key', '[redacted]', '--verbose'],
    ],
    [
      ['curl', '-u', 'anna:hunter2', 'https://x'],
      ['curl', '-u', 'anna:[redacted]', 'https://x'],
    ],
    [
      ['curl', '--user=anna:hunter2'],
      ['curl', '--user=anna:[redacted]'],
    ],
    [
      ['env', 'API_KEY=abc', 'KEY=x1', 'node', 'a.mjs'],
      ['env', 'API_KEY=[redacted]', 'KEY=[redacted]', 'node', 'a.mjs'],
    ],
    [
      ['/usr/bin/mysql', '-u', 'root', '-phunter2'],
      ['/usr/bin/mysql', '-u', 'root', '-p[redacted]'],
    ],
    [
      ['sshpass', '-p', 'hunter2', 'ssh', 'host'],
      ['sshpass', '-p', '[redacted]', 'ssh', 'host'],
    ],
    [
      ['curl', '-H', 'Authorization: Bearer abcd1234'],
      ['curl', '-H', 'Authorization: Bearer [redacted]'],
    ],
    [
      ['psql', 'postgres://a:hunter2@db/x'],
      ['psql', 'postgres://a:[redacted]@db/x'],
    ],
    [
      ['sh', '-c', 'PGPASSWORD=hunter2 psql'],
      ['sh', '-c', 'PGPASSWORD=[redacted] psql'],
    ],
  ])('%j', (argv, clean) => {
    expect(redactArguments(argv)).toEqual(clean);
    expect(redactArguments(clean)).toEqual(clean);
  });

  test.each([
    [['node', 'check.mjs', '--verbose', '--max-tokens=100', '--tokens', '5']],
    [['git', 'log', '--oneline', '-u', 'HEAD~1']],
    [['docker', 'run', '-u', '1000:1000', 'image']],
    [['tool', '--password', '--verbose']],
    [['tool', '--token', '$TOKEN', '--sort-key', 'name']],
  ])('%j stay unchanged', (argv) => {
    expect(redactArguments(argv)).toEqual(argv);
  });
});

describe('a log line by line', () => {
  const key = (CERTAIN.find(({ kind }) => kind === 'PEM PRIVATE KEY')?.text ?? '').split('\n');

  test('hides every line of a private key and nothing after it', () => {
    const clean = redactLines();
    expect(key.map(clean)).toEqual([
      'the key:',
      '-----BEGIN PRIVATE KEY-----',
      ...Array(4).fill('[redacted]'),
      '-----END PRIVATE KEY-----',
      'and more',
    ]);
  });

  test('hides whole lines of a key when it begins in the middle of it', () => {
    const clean = redactLines();
    expect(clean(key[2] ?? '')).toBe('[redacted]');
    expect(clean('a line of words')).toBe('a line of words');
  });

  test('shows words again after a key without an end marker', () => {
    const clean = redactLines();
    expect(['-----BEGIN PRIVATE KEY-----', key[2] ?? '', 'next: a line of words', 'word'].map(clean)).toEqual([
      '-----BEGIN PRIVATE KEY-----',
      '[redacted]',
      'next: a line of words',
      'word',
    ]);
  });
});
