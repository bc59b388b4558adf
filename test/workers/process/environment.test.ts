import { describe, expect, it } from 'vitest';
import { parseWorker } from '../../../src/workers/index.ts';
import { workerEnvironment } from '../../../src/workers/process/environment.ts';
import { assignmentFor } from '../../helpers/worker.ts';

const HOST = {
  PATH: '/bin',
  HOME: '/home/user',
  LANG: 'C.UTF-8',
  LC_ALL: 'de_DE.UTF-8',
  XDG_CONFIG_HOME: '/config',
  HTTPS_PROXY: 'http://proxy',
  NODE_EXTRA_CA_CERTS: '/ca.pem',
  AWS_REGION: 'eu',
  SECRET: 'hidden',
  NODE_OPTIONS: '--inspect',
  ABP_STORAGE_PATH: '/store',
  CLAUDE_CODE_SSE_PORT: '1',
  EMPTY: undefined,
};

const OWN = ['ABP_ATTEMPT', 'ABP_ATTEMPT_ID', 'ABP_JOB_ID', 'ABP_OUTPUT_DIR', 'ABP_STEP', 'ABP_UNIT'];
const BASE = ['HOME', 'HTTPS_PROXY', 'LANG', 'LC_ALL', 'NODE_EXTRA_CA_CERTS', 'PATH', 'XDG_CONFIG_HOME'];

describe("a worker's environment", () => {
  it.each([
    ['the base and the variables of the attempt', {}, []],
    ['what its config gives', { env: { GIVEN: '1' } }, ['GIVEN']],
    ['what its config names', { passEnv: ['SECRET'] }, ['SECRET']],
    ['optional names and prefixes that are there', { optional: ['AWS_', 'NOT_SET'] }, ['AWS_REGION']],
  ])('contains only %s', (_, choice, more) => {
    const env = workerEnvironment(assignmentFor({ environment: HOST }), choice);
    expect(Object.keys(env).sort()).toEqual([...BASE, ...OWN, ...more].sort());
  });

  it("lets the config override the base, but not the attempt's own variables", () => {
    const assignment = assignmentFor({ environment: HOST });
    const env = workerEnvironment(assignment, { env: { PATH: '/mine', ABP_ATTEMPT_ID: 'forged' } });
    expect(env.PATH).toBe('/mine');
    expect(env.ABP_ATTEMPT_ID).toBe(assignment.attemptId);
  });

  it('refuses pass_env names that are not set', () => {
    const assignment = assignmentFor({ environment: HOST });
    expect(() => workerEnvironment(assignment, { passEnv: ['SECRET', 'EMPTY', 'NOPE'] })).toThrow('EMPTY, NOPE');
  });
});

it.each(['claude', 'command'])('worker %s refuses ABP_* names in pass_env', async (type) => {
  const choice = { type, ...(type === 'command' && { command: ['node'] }) };
  await expect(parseWorker({ ...choice, pass_env: ['MY_KEY'] })).resolves.toBeDefined();
  await expect(parseWorker({ ...choice, pass_env: ['ABP_STORAGE_PATH'] })).rejects.toThrow(/not ABP's own/);
});
