import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWith } from '../../../src/domain/validate.ts';
import { claudeConfigSchema } from '../../../src/workers/claude/config.ts';
import { mcpConfigFile, systemPromptFile } from '../../../src/workers/claude/run-files.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const fileFor = (mcp_config: unknown, runDirectory: string, base = '/') =>
  mcpConfigFile(parseWith(claudeConfigSchema, { mcp_config }, 'config'), runDirectory, base);

describe('the file with MCP servers', () => {
  it('is written for inline servers, readable by the user only', () => {
    const config = { mcpServers: { db: { command: 'db', env: { KEY: 'secret' } }, web: { type: 'http', url: 'x' } } };
    const file = fileFor(config, temporaryDirectory()) ?? '';
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(config);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is the named one, relative to the working directory', () => {
    const base = temporaryDirectory();
    writeFileSync(path.join(base, 'mcp.json'), '{"mcpServers":{}}');
    expect(fileFor('mcp.json', '/nowhere', base)).toBe(path.join(base, 'mcp.json'));
  });

  it.each([
    ['is not there', null, 'does not exist'],
    ['is not JSON', '{', 'is not JSON'],
    ['has no servers', '{"servers":{}}', 'mcpServers'],
    ['has a server that cannot be started', '{"mcpServers":{"db":{"cmd":"db"}}}', 'expected a server with a command'],
  ])('is refused when it %s', (_, content, message) => {
    const base = temporaryDirectory();
    if (content !== null) writeFileSync(path.join(base, 'mcp.json'), content);
    expect(() => fileFor('mcp.json', '/nowhere', base)).toThrow(message);
  });
});

describe('the file with a system prompt', () => {
  it('is written only for a prompt that cannot be an argument', () => {
    const runDirectory = temporaryDirectory();
    expect(systemPromptFile('x'.repeat(131_071), runDirectory)).toBeNull();
    for (const text of ['ä'.repeat(65_536), 'a\0b']) {
      expect(readFileSync(systemPromptFile(text, runDirectory) ?? '', 'utf8')).toBe(text);
    }
  });
});
