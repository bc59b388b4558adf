import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createStreamReader } from '../../../src/workers/claude/stream.ts';
import { watchForResult } from '../../../src/workers/claude/tail.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const MODEL = 'claude-opus-5-5';
const read = (...events: readonly object[]) => {
  const reader = createStreamReader();
  for (const event of events) reader.line(JSON.stringify(event));
  return reader.facts;
};
const assistant = (content: readonly object[], more: object = {}) => ({
  type: 'assistant',
  message: { id: 'm', model: MODEL, content },
  ...more,
});

describe('the stream', () => {
  it.each([
    '',
    'words',
    '{',
    '[]',
    'null',
    '"text"',
    '{"no":"type"}',
    '{"type":5}',
    '{"type":"constructor"}',
    '{"type":"assistant","message":7}',
  ])('ignores %j', (line) => {
    const reader = createStreamReader();
    const before = JSON.stringify(reader.facts);
    reader.line(line);
    expect({ ...reader.facts, lastAuthor: null }).toEqual({ ...JSON.parse(before), ...maps(), lastAuthor: null });
  });

  it('counts tools by name, including sub-agents, except structured output', () => {
    const use = (name: string) => ({ type: 'tool_use', id: name, name, input: {} });
    const facts = read(
      assistant([use('Read'), use('Read')]),
      assistant([use('Grep')], { parent_tool_use_id: 'agent' }),
      assistant([use('StructuredOutput')]),
    );
    expect(facts.toolsUsed).toEqual({ Read: 2, Grep: 1 });
  });

  it('knows the author of the last message despite later sub-agent messages', () => {
    const facts = read(assistant([{ type: 'text', text: 'mine' }]), {
      type: 'assistant',
      parent_tool_use_id: 'agent',
      message: { id: 'x', model: '<synthetic>', content: [] },
    });
    expect(facts.lastAuthor).toBe('model');
  });

  it('lists each successfully changed file once', () => {
    const write = (id: string, file_path: string) =>
      assistant([{ type: 'tool_use', id, name: 'Write', input: { file_path } }]);
    const done = (tool_use_id: string, is_error = false) => ({
      type: 'user',
      message: { content: [{ type: 'tool_result', tool_use_id, is_error }] },
    });
    const facts = read(
      write('1', '/a'),
      done('1'),
      write('2', '/a'),
      done('2'),
      write('3', '/b'),
      done('3', true),
      write('4', '/c'),
    );
    expect([...facts.filesChanged]).toEqual(['/a']);
  });
});

/** What JSON loses of the empty facts. */
function maps() {
  const [filesChanged, refused] = [new Set(), new Set()];
  return { filesChanged, refused, messages: new Map(), pendingWrites: new Map(), calls: new Map() };
}

describe('watching a growing stream', () => {
  it('finds a complete result line, but no similar text', () => {
    const runDirectory = temporaryDirectory();
    const file = path.join(runDirectory, 'stdout');
    const settled = watchForResult(runDirectory);
    expect(settled()).toBe(false);
    writeFileSync(file, `${JSON.stringify(assistant([{ type: 'text', text: '"type":"result"' }]))}\n`);
    expect(settled()).toBe(false);
    appendFileSync(file, '{"type":"user","message":{"type":"result"}}\n{"duration_ms":1,"type":"res');
    expect(settled()).toBe(false);
    appendFileSync(file, 'ult"}');
    expect(settled()).toBe(false);
    appendFileSync(file, '\n');
    expect(settled()).toBe(true);
    expect(settled()).toBe(true);
  });

  it('finds nothing and does not throw when the file is removed', () => {
    const runDirectory = temporaryDirectory();
    const file = path.join(runDirectory, 'stdout');
    const settled = watchForResult(runDirectory);
    writeFileSync(file, '{"type":"system"}\n');
    expect(settled()).toBe(false);
    rmSync(file);
    expect(settled()).toBe(false);
  });

  it('finds a result line with any JSON spacing', () => {
    const runDirectory = temporaryDirectory();
    writeFileSync(path.join(runDirectory, 'stdout'), '{"type" : "result", "subtype": "success"}\n');
    expect(watchForResult(runDirectory)()).toBe(true);
  });
});
