import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ownPrompt } from '../../src/prompt/own-prompt.ts';
import { loadPromptFile, promptsDirectory } from '../../src/prompt/prompt-file.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const folder = temporaryDirectory('prompts', afterAll);

async function load(content: string) {
  const file = path.join(folder, 'mine.md');
  await writeFile(file, content);
  return loadPromptFile(file);
}

describe("a user's prompt file", () => {
  it('may have front matter', async () => {
    expect(await load('---\nname: review\ndescription: d\nvariables: [a]\n---\n\nRead {a}.\n')).toEqual({
      name: 'review',
      description: 'd',
      variables: ['a'],
      text: 'Read {a}.\n',
    });
  });

  it('may be text only, and is then named after its file', async () => {
    expect(await load('\uFEFFRead {a}.\r\n---\r\nand more')).toEqual({
      name: 'mine',
      description: '',
      variables: [],
      text: 'Read {a}.\r\n---\r\nand more',
    });
  });

  it('may have CRLF and empty front matter', async () => {
    expect((await load('---\r\n---\r\nDo it.')).text).toBe('Do it.');
  });

  it.each([
    ['an unknown field', '---\ntitle: x\nnmae: y\n---\nDo it.', /nmae.*Did you mean "name"/s],
    ['a wrong type', '---\nvariables: a\n---\nDo it.', /variables: expected a list, found "a"/],
    ['broken YAML', '---\nname: [\n---\nDo it.', /is not YAML/],
    ['no text', '---\nname: x\n---\n\n', /is empty/],
  ])('is rejected with the reason for %s', async (_what, content, reason) => {
    await expect(load(content)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(reason),
    });
  });

  it.each([['missing.md'], ['.']])('that cannot be read (%s) is rejected with its path', async (name) => {
    const file = path.join(folder, name);
    await expect(loadPromptFile(file)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(file),
    });
  });
});

describe("ABP's own prompts", () => {
  it('have valid front matter and exactly the variables they list', async () => {
    const names = (await readdir(promptsDirectory())).map((file) => path.basename(file, '.md'));
    expect(names).toEqual(
      expect.arrayContaining(['worker-system', 'file', 'csv', 'json', 'sql', 'dynamic', 'job-step']),
    );
    for (const name of names) {
      const prompt = await loadPromptFile(path.join(promptsDirectory(), `${name}.md`));
      expect(prompt).toMatchObject({ name, description: expect.stringMatching(/\w.*\.$/) });
      await ownPrompt(name);
    }
  });
});
