import { describe, expect, test } from 'vitest';
import { redact, redactJson } from '../../src/domain/redact.ts';

describe('what is stored or logged keeps no secret', () => {
  test.each([
    ['Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [redacted]'],
    ['Basic dXNlcjpwYXNzd29yZA==', 'Basic [redacted]'],
    ['key sk-ant-api03-abcdefghij1234567890 in use', 'key [redacted] in use'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', '[redacted]'],
    ['github_pat_11ABCDEFG0123456789_abcdef', '[redacted]'],
    ['xoxb-1234567890-abcdef', '[redacted]'],
    ['AKIAIOSFODNN7EXAMPLE', '[redacted]'],
    ['password=hunter22', 'password=[redacted]'],
    ['PASSWORD: "hunter22"', 'PASSWORD: "[redacted]"'],
    ['{"api_key":"abcd1234"}', '{"api_key":"[redacted]"}'],
    ['ANTHROPIC_API_KEY=abcd1234', 'ANTHROPIC_API_KEY=[redacted]'],
    ['my-client-secret: abcd1234', 'my-client-secret: [redacted]'],
    ['https://example.org/?token=abcd1234&page=2', 'https://example.org/?token=[redacted]&page=2'],
    ["auth_token='abcd1234'", "auth_token='[redacted]'"],
    ['postgres://shop:hunter22@db.example/shop', 'postgres://shop:[redacted]@db.example/shop'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean);
    expect(redact(clean)).toBe(clean);
  });

  test.each([
    ['tokens_used=12345'],
    ['max_tokens: 4096'],
    ['"input_tokens":123,"output_tokens":456'],
    ['token: 12345'],
    ['has_password: true'],
    ['"secret": null'],
    ['the secret of good code is naming'],
    ['a bearer of news'],
    ['http://localhost:3847/jobs/job-1@2'],
    ['risk-adjusted returns'],
    ['Bearer x'],
    ['mask-abcdefghijklmnop'],
    [''],
  ])('%s stays', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('in JSON every string is cleaned; names, numbers, booleans and shape stay', () => {
    const value = { token: 7, nested: [{ note: 'password=hunter22', ok: true, none: null }], 'sk-name': 'plain' };
    expect(redactJson(value)).toEqual({
      token: 7,
      nested: [{ note: 'password=[redacted]', ok: true, none: null }],
      'sk-name': 'plain',
    });
  });
});
