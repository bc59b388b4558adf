import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { ABP, makePlace } from '../../interfaces/mcp/clients.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const INSPECTOR = here('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');

it.each([
  ['older hosts', []],
  ['2026 hosts', ['--protocol-era', 'modern']],
])('the inspector finds the tools fit for all %s', async (_, era) => {
  const { environment, root } = makePlace([]);
  const args = [INSPECTOR, '--cli', process.execPath, ABP, 'mcp', '--method', 'tools/list', '--strict', ...era];
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, {
    env: environment,
    extendEnv: false,
    cwd: root,
    reject: false,
  });
  expect(stderr).not.toMatch(/^(Error|Warning):/m);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).tools).toHaveLength(17);
});
