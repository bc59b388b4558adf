import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EnumeratedItem, EnumerationContext, EnumerationWarning } from '../../src/domain/enumerator.ts';
import { AbpError } from '../../src/domain/error.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { type EnumeratorTable, enumerators, getEnumerator, parseConfig } from '../../src/enumerators/index.ts';

/** An empty directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'abp-enumerators-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Everything an enumeration gave. */
export interface Enumerated {
  readonly items: readonly EnumeratedItem[];
  readonly payloads: readonly JsonObject[];
  readonly warnings: readonly EnumerationWarning[];
}

/** Runs an enumerator to its end, from a config as a user gives it; code is approved unless the context says otherwise. */
export async function enumerateAll(
  type: string,
  config: JsonObject,
  context: Partial<EnumerationContext> = {},
  table: EnumeratorTable = enumerators,
): Promise<Enumerated> {
  const enumerator = await getEnumerator(type, table);
  const items: EnumeratedItem[] = [];
  const warnings: EnumerationWarning[] = [];
  const whole = {
    workingDirectory: '/',
    warn: (warning: EnumerationWarning) => warnings.push(warning),
    ...context,
  };
  for await (const item of enumerator.enumerate(parseConfig(enumerator, config), whole)) items.push(item);
  return { items, payloads: items.map(({ payload }) => payload), warnings };
}

/** The AbpError with which something is refused. */
export async function refusal(run: () => unknown): Promise<AbpError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
  throw new Error('expected a refusal, and there was none');
}
