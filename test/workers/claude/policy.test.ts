import { expect, test } from 'vitest';
import { parseWorker } from '../../../src/workers/index.ts';

const policyOf = async (given: object) => {
  const { worker, config } = await parseWorker({ type: 'claude', ...given });
  return worker.policy(config);
};

test('limits, model and variables of a config are in its policy', async () => {
  const given = { model: 'haiku', max_budget_usd: 1.5, timeout_s: 90, idle_timeout_s: 0, pass_env: ['TOKEN'] };
  expect(await policyOf(given)).toEqual({
    attemptCap: { usd: 1.5, field: 'max_budget_usd' },
    timeoutMs: 90_000,
    idleTimeoutMs: 0,
    model: 'haiku',
    variables: ['TOKEN'],
  });
});

test('paths of a config are resolved, and nothing else of it changes', async () => {
  const { worker } = await parseWorker({ type: 'claude' });
  const given = { model: 'haiku', working_directory: 'in/{field}', add_dirs: ['a', '/b'], mcp_config: 'mcp.json' };
  expect(worker.resolve(given, '/base')).toEqual({
    model: 'haiku',
    working_directory: '/base/in/{field}',
    add_dirs: ['/base/a', '/b'],
    mcp_config: '/base/mcp.json',
  });
  expect(worker.resolve({ mcp_config: { mcpServers: {} } }, '/base')).toEqual({
    working_directory: '/base',
    mcp_config: { mcpServers: {} },
  });
});
