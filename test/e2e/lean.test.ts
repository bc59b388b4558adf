import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { createPromptRenderer } from '../../src/prompt/render.ts';
import { createPromptSynthesizer } from '../../src/prompt/synthesizer.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { CLIS, runUnit } from './claude.ts';

const INTENT = 'Say what this file is about, in one sentence.';

async function requestOf(program: string, item: string, config: JsonObject, parts: Partial<Assignment> = {}) {
  const { outputDirectory = '/home/user/project/results' } = parts;
  const fields = ['file_path'];
  const request = { userIntent: INTENT, enumeratorType: 'file', fields, outputDirectory };
  const template = await createPromptSynthesizer().synthesize(request);
  const renderer = await createPromptRenderer({ template, fields, outputDirectory });
  const prompt = renderer.render({ payload: { file_path: item } });
  const { api } = await runUnit(program, () => () => ({ say: 'done' }), {
    config,
    parts: { prompt, outputDirectory, ...parts },
  });
  const [sent] = api.requests;
  if (!sent) throw new Error('the CLI asked for nothing');
  return { sent, prompt };
}

/** What a request consists of besides the user's own text, in the order in which a service caches it. */
function fixedParts({ sent, prompt }: Awaited<ReturnType<typeof requestOf>>) {
  const [first, ...others] = sent.body.messages;
  const item = JSON.stringify(prompt.user).slice(1, -1);
  const [before = '', after = ''] = JSON.stringify(first).split(item);
  return {
    beforeItem: JSON.stringify([sent.body.tools, sent.body.system]) + before,
    // Some models are told their surroundings by a message of the CLI that follows the user's.
    afterItem: after + (others.length > 0 ? JSON.stringify(others) : ''),
  };
}

describe.each(CLIS)('the fixed cost of a unit with Claude Code $version', ({ program, version }) => {
  const config = { tools: ['Read', 'Write'] };

  it('is at most 6,000 bytes with Read and Write, where a plain call sends many times that', async () => {
    const request = await requestOf(program, '/home/user/one.txt', config);
    const { beforeItem, afterItem } = fixedParts(request);
    const fixed = Buffer.byteLength(beforeItem + afterItem);
    console.log(`${version}: ${fixed} bytes, ${Buffer.byteLength(beforeItem)} of them before the item`);
    expect(request.sent.body.tools?.map(({ name }) => name)).toEqual(['Read', 'Write']);
    expect(fixed).toBeLessThanOrEqual(6000);
  });

  it('is the same bytes for two units of a job, and at least 90 % of tools, system and first message come first', async () => {
    const workingDirectory = temporaryDirectory();
    const one = await requestOf(program, '/home/user/one.txt', config, { workingDirectory });
    const two = await requestOf(program, 'Other than one.txt', config, { workingDirectory });
    expect(fixedParts(one)).toEqual(fixedParts(two));
    const [a, b] = [one, two].map(({ sent: { body } }) => JSON.stringify([body.tools, body.system, body.messages[0]]));
    let common = 0;
    while (a?.[common] === b?.[common]) common++;
    const fixed = (a?.length ?? 0) - JSON.stringify(one.prompt.user).slice(1, -1).length;
    console.log(`${version}: the first ${common} of ${fixed} fixed bytes are common`);
    expect(common / fixed).toBeGreaterThanOrEqual(0.9);
  });

  it('takes a system prompt that no command line takes', async () => {
    const system = `Be brief. ${'Mind rule 7. '.repeat(12_000)}`;
    const { api, outcome } = await runUnit(program, () => () => ({ say: 'done' }), {
      parts: { prompt: { system, user: 'Do item 7.' } },
    });
    expect(outcome).toMatchObject({ ok: true, result: { text: 'done' } });
    expect(JSON.stringify(api.requests[0]?.body.system)).toContain(system.trim());
  });

  it('holds nothing of the user or the project unless it is asked for', async () => {
    const workingDirectory = temporaryDirectory();
    mkdirSync(path.join(workingDirectory, '.claude/skills/odd'), { recursive: true });
    writeFileSync(path.join(workingDirectory, 'CLAUDE.md'), 'PROJECT-MEMORY');
    writeFileSync(
      path.join(workingDirectory, '.claude/skills/odd/SKILL.md'),
      '---\nname: odd\ndescription: PROJECT-SKILL\n---\nOdd.\n',
    );
    const hook = { hooks: [{ type: 'command', command: `touch ${workingDirectory}/hooked` }] };
    const settings = { hooks: { UserPromptSubmit: [hook], SessionStart: [hook] } };
    writeFileSync(path.join(workingDirectory, '.claude/settings.json'), JSON.stringify(settings));
    const mcp = { mcpServers: { odd: { command: 'touch', args: [`${workingDirectory}/served`] } } };
    writeFileSync(path.join(workingDirectory, '.mcp.json'), JSON.stringify(mcp));

    const lean = await requestOf(program, '/home/user/one.txt', {}, { workingDirectory });
    expect(lean.sent.text).not.toMatch(/PROJECT-MEMORY|PROJECT-SKILL/);
    const withServers = await requestOf(
      program,
      '/home/user/one.txt',
      { mcp_config: { mcpServers: {} } },
      { workingDirectory },
    );
    expect(withServers.sent.text).not.toMatch(/PROJECT-MEMORY|PROJECT-SKILL/);
    expect(existsSync(path.join(workingDirectory, 'hooked'))).toBe(false);

    const project = await requestOf(program, '/home/user/one.txt', { context: 'project' }, { workingDirectory });
    expect(project.sent.text).toContain('PROJECT-MEMORY');
    expect(existsSync(path.join(workingDirectory, 'served'))).toBe(false);
  });

  it('does not let an item read files by naming them, nor run a command by beginning with a slash', async () => {
    const secret = path.join(temporaryDirectory(), 'secret.txt');
    writeFileSync(secret, 'THE-SECRET');
    const user = `/cost @${secret} and !touch /tmp/abp-forbidden`;
    const { api, outcome } = await runUnit(program, () => () => ({ say: 'done' }), {
      parts: { prompt: { system: 'Be brief.', user } },
    });
    expect(outcome.ok).toBe(true);
    expect(api.requests).toHaveLength(1);
    expect(api.requests[0]?.text).not.toContain('THE-SECRET');
    expect(JSON.stringify(api.requests[0]?.body.messages)).toContain(JSON.stringify(user).slice(1, -1));
  });
});
