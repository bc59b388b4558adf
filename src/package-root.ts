import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE_NAME = 'agentic-batch-processor';

/** Programs that run as separate processes or threads: one entry of the bundle each. */
export type Program =
  | 'main'
  | 'executor/main'
  | 'enumerators/dynamic/program'
  | 'enumerators/sql/sqlite-program'
  | 'workers/process/keeper-main'
  | 'workers/schema/thread';

/**
 * Node's options for them. The young generation stays small: left alone it grows to many times of what a program that
 * mostly waits needs (an executor of 10,000 units: 158 MB instead of 94), and larger processes start others slower.
 */
export const NODE_OPTIONS: readonly string[] = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'];

/** Returns the folder of this package's package.json, from the sources and from the bundle alike. */
export function packageRoot(): string {
  const here = fileURLToPath(import.meta.url);
  for (let folder = dirname(here); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && nameIn(manifest) === PACKAGE_NAME) return folder;
    if (folder === dirname(folder)) throw new Error(`No package.json of ${PACKAGE_NAME} above ${here}`);
  }
}

/** Returns this package's version. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

/** Returns the absolute path of a program: the source file when this is one, else the built file. */
export function programPath(program: Program): string {
  const isSource = import.meta.url.endsWith('.ts');
  return join(packageRoot(), isSource ? 'src' : 'dist', `${program}.${isSource ? 'ts' : 'js'}`);
}

function nameIn(manifest: string): unknown {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly name?: unknown }).name;
}
