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
  ])('lets %j pass without a fact', (line) => {
    const reader = createStreamReader();
    const before = JSON.stringify(reader.facts);
    reader.line(line);
    expect({ ...reader.facts, lastAuthor: null }).toEqual({ ...JSON.parse(before), ...maps(), lastAuthor: null });
  });

  it('counts tools by name, those of sub-agents too, but not the one that gives structured output', () => {
    const use = (name: string) => ({ type: 'tool_use', id: name, name, input: {} });
    const facts = read(
      assistant([use('Read'), use('Read')]),
      assistant([use('Grep')], { parent_tool_use_id: 'agent' }),
      assistant([use('StructuredOutput')]),
    );
    expect(facts.toolsUsed).toEqual({ Read: 2, Grep: 1 });
  });

  it('knows who wrote the last message, whatever a sub-agent wrote after it', () => {
    const facts = read(assistant([{ type: 'text', text: 'mine' }]), {
      type: 'assistant',
      parent_tool_use_id: 'agent',
      message: { id: 'x', model: '<synthetic>', content: [] },
    });
    expect(facts.lastAuthor).toBe('model');
  });

  it('names each changed file once, when its write succeeded', () => {
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

describe('the look at a growing stream', () => {
  it('finds a result line once it is whole, and no text that only looks like one', () => {
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

  it('finds nothing, and does not throw, when somebody has removed the file', () => {
    const runDirectory = temporaryDirectory();
    const file = path.join(runDirectory, 'stdout');
    const settled = watchForResult(runDirectory);
    writeFileSync(file, '{"type":"system"}\n');
    expect(settled()).toBe(false);
    rmSync(file);
    expect(settled()).toBe(false);
  });

  it('knows a result line however its JSON is spaced', () => {
    const runDirectory = temporaryDirectory();
    writeFileSync(path.join(runDirectory, 'stdout'), '{"type" : "result", "subtype": "success"}\n');
    expect(watchForResult(runDirectory)()).toBe(true);
  });
});
