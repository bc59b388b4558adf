import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Job, Revision } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import { type Bounds, hashOf, type Power } from '../domain/power.ts';
import { getEnumerator, parseConfig } from '../enumerators/index.ts';
import type { Enumerator } from '../ports/enumerator.ts';
import type { Workers } from '../ports/worker.ts';
import { boundsOf, isPlainOutput } from './bounds.ts';
import { realPath } from './real-path.ts';

/** Paths of ABP's store. */
export interface Store {
  /** Absolute path of the database. */
  readonly path: string;
  /** Default output directory of a job. */
  readonly outputs: (jobId: string) => string;
}

/** SHA-256 (hex) of files by absolute path; null = missing. */
export type FileHashes = Readonly<Record<string, string | null>>;

/** Definition at one moment: everything that decides what runs. */
export interface Definition {
  /** SHA-256 (hex) over all of it. */
  readonly id: string;
  readonly powers: readonly Power[];
  /** Files whose bytes are part of it. */
  readonly files: FileHashes;
}

/** Computes the definition of a source, which a person approves before it is read. `config` is resolved. */
export function defineSource<Config>(
  enumerator: Enumerator<Config>,
  config: Config,
  workingDirectory: string,
  store: Store,
): Definition {
  const bounds = boundsOf({
    home: null,
    roots: [],
    outputDirectory: null,
    base: workingDirectory,
    storePath: store.path,
  });
  // The targets of links decide about powers: another target is another definition.
  const powers = enumerator.powers(config, bounds);
  return { id: hashOf({ source: { type: enumerator.type, config }, powers }), powers, files: {} };
}

/** Fields of a job that its definition needs. */
export type Definable = Pick<
  Job,
  'jobId' | 'enumeratorType' | 'enumeratorConfig' | 'home' | 'workingDirectory' | 'outputDirectory'
>;

/** A job in one revision, whose definition can be computed repeatedly: files and link targets change. */
export interface JobDefinition {
  /** Directories of the source, absolute, that the job's runs may read. */
  readonly readable: readonly string[];
  now(): Promise<Definition>;
}

/**
 * Prepares the definition of a job in a revision: source, steps (template, schema, worker with the values of its
 * variables), directories, and the bytes of the files that its workers name; not its limits and names. Two equal jobs have the same
 * definition, although each has its own default output directory.
 */
export async function defineJob(
  job: Definable,
  { steps }: Pick<Revision, 'steps'>,
  workers: Workers,
  store: Store,
): Promise<JobDefinition> {
  const enumerator = await getEnumerator(job.enumeratorType);
  const source = parseConfig(enumerator, job.enumeratorConfig);
  const root = enumerator.root(source);
  const readable = enumerator.readable(source);
  const cut = withoutOwnOutput(store.outputs(job.jobId));
  const parsed = await Promise.all(steps.map(async (step) => ({ step, ...(await workers.parse(step.worker)) })));
  // Hashed once: the definition is computed before every run.
  const written = hashOf({
    source: { type: job.enumeratorType, config: source, root },
    steps: parsed.map(({ step: { name, scope, template, outputSchema: schema, onFailures }, worker, config }) => {
      return { name, scope, template: cut(template), schema, onFailures, worker: { ...config, type: worker.type } };
    }),
    directories: { home: job.home, base: job.workingDirectory, output: cut(job.outputDirectory) },
  });
  const powersNow = (): readonly Power[] => {
    const bounds = boundsOf({
      home: job.home,
      roots: readable,
      outputDirectory: job.outputDirectory,
      base: job.workingDirectory,
      storePath: store.path,
    });
    return [
      ...unique(parsed.flatMap(({ worker, config }) => worker.powers(config, bounds))),
      ...outputPowers(job, store, bounds),
      ...enumerator.powers(source, bounds),
    ];
  };
  const hashFile = fileHasher();
  return {
    readable,
    async now() {
      const paths = parsed.flatMap(({ worker, config }) =>
        worker.definingFiles(config, job.workingDirectory, job.home),
      );
      const files = Object.fromEntries(
        await Promise.all(paths.map(async (path) => [path, await hashFile(path)] as const)),
      );
      const powers = powersNow();
      return { id: hashOf({ written, powers, files }), powers, files };
    },
  };
}

/** Two steps with one worker have its powers once. */
function unique(powers: readonly Power[]): readonly Power[] {
  return [...new Map(powers.map((power) => [JSON.stringify(power), power])).values()];
}

/**
 * Removes the job's default output directory, which contains its id, from a text. Returns the parts between, so that no
 * other text gives the same.
 */
function withoutOwnOutput(directory: string): (text: string) => readonly string[] {
  const written = [...new Set([realPath(directory), directory])];
  return (text) =>
    written.reduce((parts: readonly string[], path) => parts.flatMap((part) => part.split(path)), [text]);
}

/** Powers from writing outside the default output directory and plain folders of the home. */
function outputPowers({ jobId, home, outputDirectory }: Definable, store: Store, bounds: Bounds): readonly Power[] {
  const own = realPath(store.outputs(jobId));
  if (realPath(outputDirectory) === own || isPlainOutput(outputDirectory, home)) return [];
  const kind = bounds.isSensitive(outputDirectory) ? 'credentials' : 'writes';
  return [{ kind, what: bounds.nameOf(outputDirectory) }];
}

/** Age of a file's last change from which another change must have a later time. */
const SETTLED_MS = 1000;

/** Returns a function that hashes a file (null = missing); an unchanged file is not read again. */
function fileHasher(): (path: string) => Promise<string | null> {
  const known = new Map<string, { readonly signature: string; readonly sha256: string }>();
  return async (path) => {
    const stats = await stat(path).catch(() => null);
    if (!stats?.isFile()) return null;
    const signature = signatureOf(stats);
    const before = known.get(path);
    if (before?.signature === signature) return before.sha256;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    const sha256 = hash.digest('hex');
    // File systems have coarse clocks: a write directly after this check may leave the same times.
    if (Date.now() - stats.ctimeMs > SETTLED_MS) known.set(path, { signature, sha256 });
    return sha256;
  };
}

/** Signature that changes with every write to a file: a user cannot set its ctime. */
function signatureOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(':');
}

/** Source type and config as stored with a request for approval: JSON. */
export function sourceShown(type: string, config: unknown): { readonly type: string; readonly config: JsonObject } {
  return { type, config: config as JsonObject };
}
