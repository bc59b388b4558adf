import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the guards look at. */
export interface Candidate {
  readonly manifest: Manifest;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** Lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  readonly tags: readonly string[];
}

/** The fields of package.json that a release depends on. `repository.url` is the one that the owner fills in. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly repository: { readonly type: string; readonly url: string };
  readonly homepage: string;
  readonly bugs: { readonly url: string };
}

/** Derives the addresses that follow from `repository.url`; all are empty while that is. */
export function linksOf(repositoryUrl: string): Pick<Manifest, 'homepage' | 'bugs'> {
  const page = repositoryUrl.replace(/^git\+/, '').replace(/\.git$/, '');
  return page === ''
    ? { homepage: '', bugs: { url: '' } }
    : { homepage: `${page}#readme`, bugs: { url: `${page}/issues` } };
}

/** Says why this state must not be released, each reason with what to do; empty = it may be. */
export function refusals({ manifest, changelog, changes, tags }: Candidate): readonly string[] {
  const { version, repository, homepage, bugs } = manifest;
  const links = linksOf(repository.url);
  const headings = changelog.split('\n').filter((line) => line.startsWith('#'));
  const isDated = headings.some((line) => line.startsWith(`## ${version} (`) && / \(\d{4}-\d\d-\d\d\)$/.test(line));
  const open = headings.filter((line) => /pending|unreleased/i.test(line));
  return [
    ...(/^git\+https:\/\/[^/]+\/.+\.git$/.test(repository.url)
      ? []
      : [
          `package.json, repository.url: expected git+https://HOST/OWNER/NAME.git, found "${repository.url}". Run: npm pkg set repository.url=…`,
        ]),
    ...(homepage === links.homepage && bugs.url === links.bugs.url
      ? []
      : [
          `package.json, homepage and bugs.url: expected what repository.url says. Run: npm pkg set homepage=${links.homepage} bugs.url=${links.bugs.url}`,
        ]),
    ...(changes.length === 0
      ? []
      : [
          `Expected a clean work tree, found ${changes.length} changed files. Commit or remove them: ${changes.join(', ')}`,
        ]),
    ...(isDated
      ? []
      : [`CHANGELOG.md: expected the heading "## ${version} (YYYY-MM-DD)", found none. Write what changed under it.`]),
    ...open.map(
      (line) => `CHANGELOG.md: expected dated versions only, found "${line}". Move its entries to ${version}.`,
    ),
    ...(tags.includes(tagOf(version))
      ? [`The tag ${tagOf(version)} exists. Run: npm version --no-git-tag-version …`]
      : []),
  ];
}

const tagOf = (version: string) => `v${version}`;

/** `npm run release`: checks, runs `.ci/run`, packs and tags. Publishing stays a command that a person types. */
function release(root: string): number {
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const lines = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const look = () =>
    refusals({
      manifest,
      changelog: readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
      changes: lines('status', '--porcelain'),
      tags: lines('tag', '--list'),
    });
  // A run of everything may change files, such as generated tables: then they were not up to date.
  const found = look();
  if (found.length === 0) run('.ci/run');
  const reasons = found.length === 0 ? look() : found;
  if (reasons.length > 0) {
    console.error(['Not released:', ...reasons.map((reason) => `- ${reason}`)].join('\n'));
    return 1;
  }
  const { name, version } = manifest;
  run('npm', 'pack');
  run('git', 'tag', '--annotate', tagOf(version), '--message', `${name} ${version}`);
  console.log(
    `Packed and tagged. Publish it:\n  npm publish ${name}-${version}.tgz\n  git push origin ${tagOf(version)}`,
  );
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = release(join(import.meta.dirname, '..'));
