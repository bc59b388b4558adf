import { describe, expect, test } from 'vitest';
import { EVERYWHERE, type Interface } from '../../src/orchestrator/operation.ts';
import { OPERATIONS } from '../../src/orchestrator/operations.ts';
import { PERSON } from '../helpers/approvals.ts';
import { flow } from '../helpers/flow.ts';

const PAIRS = EVERYWHERE.flatMap((name) => OPERATIONS.map((operation) => [name, operation] as const));
const shows = ([name, { interfaces }]: (typeof PAIRS)[number]) => (interfaces as readonly Interface[]).includes(name);

/** Calls it with an argument that no operation has, so that it never runs. */
const asked = (name: Interface, operation: string) =>
  flow().orchestrator.callUnknown(operation, { none_has_this: 1 }, { ...PERSON, interface: name });

describe('an operation by its name', () => {
  test.each(PAIRS.filter(shows).map(([name, operation]) => [name, operation.name] as const))(
    'is reached from %s: %s',
    async (name, operation) => {
      await expect(asked(name, operation)).rejects.toMatchObject({
        message: expect.stringMatching(/^Invalid arguments: /),
      });
    },
  );

  test.each(PAIRS.filter((pair) => !shows(pair)).map(([name, operation]) => [name, operation.name] as const))(
    'is unknown to %s, whoever calls: %s',
    async (name, operation) => {
      await expect(asked(name, operation)).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining(`Unknown operation "${operation}"`),
      });
    },
  );

  test('that no interface of the caller shows is not suggested either', async () => {
    await expect(asked('mcp', 'allow_jbo')).rejects.toMatchObject({
      message: expect.not.stringContaining('"allow_job"'),
    });
  });
});
