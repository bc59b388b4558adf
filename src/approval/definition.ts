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
import { boundsOf, isPlainOutput, isWithin, realPath } from './bounds.ts';

/** Where ABP keeps its own. */
export interface Store {
  /** Absolute path of the database. */
  readonly path: string;
  /** The output directory of a job that names none. */
  readonly outputs: (jobId: string) => string;
}

/** SHA-256 of files by absolute path; null = it is not there. */
export type FileHashes = Readonly<Record<string, string | null>>;

/** Everything that decides what runs, at one moment. */
export interface Definition {
  /** One SHA-256 over all of it, in hex. */
  readonly id: string;
  readonly powers: readonly Power[];
  /** The files whose bytes are part of it. */
  readonly files: FileHashes;
}

/** The definition of a source: what a person approves before it is read. `config` is resolved. */
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
  // Where links lead decides about powers: another way is another definition.
  const powers = enumerator.powers(config, bounds);
  return { id: hashOf({ source: { type: enumerator.type, config }, powers }), powers, files: {} };
}

/** What of a job has to be known to define it. */
export type Definable = Pick<
  Job,
  'jobId' | 'enumeratorType' | 'enumeratorConfig' | 'home' | 'workingDirectory' | 'outputDirectory' | 'postProcessing'
>;

/** A job in one revision, whose definition can be looked at again and again: bytes of files change, and where links lead. */
export interface JobDefinition {
  now(): Promise<Definition>;
}

/**
 * What a job would run in a revision: source, template, schema, worker with the values of its variables, directories, and
 * the bytes of the files that its worker names. Limits and names decide nothing of that. Two jobs alike have the same,
 * although each has an output directory of its own by default.
 */
export async function defineJob(
  job: Definable,
  revision: Pick<Revision, 'template' | 'outputSchema' | 'worker'>,
  workers: Workers,
  store: Store,
): Promise<JobDefinition> {
  const enumerator = await getEnumerator(job.enumeratorType);
  const source = parseConfig(enumerator, job.enumeratorConfig);
  const { worker, config } = await workers.parse(revision.worker);
  const root = enumerator.root(source);
  const directory = job.enumeratorConfig.base_directory;
  const cut = withoutOwnOutput(store.outputs(job.jobId));
  const { template, outputSchema } = revision;
  const post = job.postProcessing;
  // Hashed once: it is looked at before every run.
  const written = hashOf({
    source: { type: job.enumeratorType, config: source, root },
    steps: [{ template: cut(template), schema: outputSchema, worker: { ...config, type: worker.type } }],
    post: post && { ...post, outputDirectory: cut(post.outputDirectory) },
    directories: { home: job.home, base: job.workingDirectory, output: cut(job.outputDirectory) },
  });
  const powersNow = (): readonly Power[] => {
    const bounds = boundsOf({
      home: job.home,
      roots: typeof directory === 'string' ? [directory] : [],
      outputDirectory: job.outputDirectory,
      base: job.workingDirectory,
      storePath: store.path,
    });
    return [
      ...worker.powers(config, bounds),
      ...outputPowers(job, store, bounds),
      ...enumerator.powers(source, bounds),
    ];
  };
  const hashFile = fileHasher();
  return {
    async now() {
      const paths = worker.definingFiles(config, job.workingDirectory, job.home);
      const files = Object.fromEntries(
        await Promise.all(paths.map(async (path) => [path, await hashFile(path)] as const)),
      );
      const powers = powersNow();
      return { id: hashOf({ written, powers, files }), powers, files };
    },
  };
}

/**
 * The default output directory of a job has the job's id in it, as has a template that names it: taken out of a text, which
 * becomes a list of what is between, so that no other text is the same.
 */
function withoutOwnOutput(directory: string): (text: string) => readonly string[] {
  const written = [...new Set([realPath(directory), directory])];
  return (text) =>
    written.reduce((parts: readonly string[], path) => parts.flatMap((part) => part.split(path)), [text]);
}

/** Where its agents may write, beside the default place and plain folders of the home. */
function outputPowers(
  { jobId, home, outputDirectory, postProcessing }: Definable,
  store: Store,
  bounds: Bounds,
): readonly Power[] {
  const post = postProcessing?.outputDirectory;
  const own = realPath(store.outputs(jobId));
  const others = [outputDirectory, ...(post !== undefined && !isWithin(post, outputDirectory) ? [post] : [])].filter(
    (directory) => realPath(directory) !== own && !isPlainOutput(directory, home),
  );
  return others.map((path) => ({
    kind: bounds.isSensitive(path) ? 'credentials' : 'writes',
    what: bounds.nameOf(path),
  }));
}

/** A file whose last change is so long ago cannot change again without a later time. */
const SETTLED_MS = 1000;

/** Hashes files; one that has not changed since is not read again. */
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
    // Clocks of file systems are coarse: a write right after this look might leave the same times.
    if (Date.now() - stats.ctimeMs > SETTLED_MS) known.set(path, { signature, sha256 });
    return sha256;
  };
}

/** What changes with every write to a file: a user cannot set its ctime. */
function signatureOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(':');
}

/** The config of a source as it may be kept with a question: JSON. */
export function sourceShown(type: string, config: unknown): { readonly type: string; readonly config: JsonObject } {
  return { type, config: config as JsonObject };
}
