import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { canContinue } from '../../../src/workers/claude/session.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const SESSION = 'd0609dd0-5992-40b1-b3fb-0b17ece5ea2a';
const QUEUED = '{"type":"queue-operation","operation":"enqueue","content":"Do \\"type\\":\\"user\\"."}\n';
const TASK = '{"parentUuid":null,"type":"user","message":{"role":"user","content":"Do item 7."}}\n';

describe('a session', () => {
  it.each([
    ['without a transcript', null, false],
    ['with an empty transcript', '', false],
    ['killed before its task was written down', QUEUED + QUEUED, false],
    ['killed while its task was written down', QUEUED + TASK.slice(0, -20), false],
    ['with its task', QUEUED + TASK, true],
    ['killed in the middle of a later line', `${QUEUED}${TASK}{"type":"assist`, true],
  ])('%s', async (_, transcript, expected) => {
    const home = temporaryDirectory();
    const project = path.join(home, '.claude/projects/-work');
    mkdirSync(project, { recursive: true });
    if (transcript !== null) writeFileSync(path.join(project, `${SESSION}.jsonl`), transcript);
    expect(await canContinue(SESSION, { HOME: home })).toBe(expected);
  });

  it('is found in CLAUDE_CONFIG_DIR', async () => {
    const [home, config] = [temporaryDirectory(), temporaryDirectory()];
    mkdirSync(path.join(config, 'projects/-work'), { recursive: true });
    writeFileSync(path.join(config, 'projects/-work', `${SESSION}.jsonl`), TASK);
    expect(await canContinue(SESSION, { HOME: home, CLAUDE_CONFIG_DIR: config })).toBe(true);
    expect(await canContinue(SESSION, { HOME: home })).toBe(false);
  });
});
