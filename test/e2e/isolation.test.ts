import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lastText } from '../helpers/messages-api.ts';
import { perform, workerWith } from '../helpers/worker.ts';
import { CLIS, machine, writeUserSettings } from './claude.ts';

describe.each(CLIS)('Claude Code $version', ({ program, version }) => {
  it('is found and found fit before a job starts', async () => {
    const { environment } = await machine(program, () => ({ say: 'done' }));
    const { worker, assignment } = await workerWith({ type: 'claude' });
    expect(await worker.preflight(assignment.config, environment)).toMatchObject({
      ok: true,
      details: { version, login: 'ANTHROPIC_API_KEY' },
    });
    const { ANTHROPIC_API_KEY: _, ...withoutKey } = environment;
    expect(await worker.preflight(assignment.config, withoutKey)).toMatchObject({ ok: false, failureClass: 'auth' });
  });

  it('logs in as settings of the user say, and takes their model', async () => {
    const place = await machine(program, () => ({ say: 'done' }));
    const { api, home } = place;
    const { ANTHROPIC_API_KEY: _key, ...environment } = place.environment;
    const helper = path.join(home, 'key.sh');
    writeFileSync(helper, '#!/bin/sh\necho sk-ant-of-the-user\n', { mode: 0o755 });
    writeUserSettings(place, { model: 'haiku', apiKeyHelper: helper });
    const { worker, assignment } = await workerWith({ type: 'claude' }, { environment });
    expect(await worker.preflight(assignment.config, environment)).toMatchObject({ ok: true });
    expect(await perform(worker, assignment)).toMatchObject({ ok: true });
    expect(api.requests[0]?.headers['x-api-key']).toBe('sk-ant-of-the-user');
    expect(api.requests[0]?.body.model).toContain('haiku');
  });

  it('runs 16 times at once on one configuration, each for its own item and without harm to it', async () => {
    const { environment, home } = await machine(program, (request) => ({
      say: `answer to ${/item \d+/.exec(lastText(request))?.[0]}`,
    }));
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const prompt = { system: 'Be brief.', user: `Look at item ${index}` };
        const { worker, assignment } = await workerWith({ type: 'claude' }, { environment, prompt });
        return perform(worker, assignment);
      }),
    );
    expect(outcomes.map((outcome) => outcome.ok && outcome.result.text)).toEqual(
      Array.from({ length: 16 }, (_, index) => `answer to item ${index}`),
    );
    expect(new Set(outcomes.map(({ usage }) => usage.sessionId)).size).toBe(16);
    expect(JSON.parse(readFileSync(path.join(home, '.claude.json'), 'utf8'))).toBeTypeOf('object');
  });
});
