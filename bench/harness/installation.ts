import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

/** The built package in a folder of its own, so that nothing that happens in the checkout changes what runs from it. */
export interface Installation {
  readonly root: string;
  /** Absolute path of a program: of the package (`main`, `executor/main`), or one that was bundled beside it. */
  program(name: string): string;
}

/**
 * Lays the package out below `root` as an installation has it. Programs of benchmarks and tests, by their name in `dist`,
 * are bundled with it: what users run is not the sources. Without the dashboard, which is a build of its own.
 */
export function install(root: string, programs: Readonly<Record<string, string>> = {}): Installation {
  const source = packageRoot();
  mkdirSync(root, { recursive: true });
  for (const name of ['package.json', 'prompts']) cpSync(join(source, name), join(root, name), { recursive: true });
  symlinkSync(join(source, 'node_modules'), join(root, 'node_modules'));
  const more = Object.entries(programs).map(([name, file]) => `${name}=${file}`);
  npm(source, 'build:bin', `--outdir=${join(root, 'dist')}`, ...more);
  return installationAt(root);
}

/** Builds the dashboard into an installation. */
export function installDashboard({ root }: Installation): void {
  npm(packageRoot(), 'build:dashboard', '--outDir', join(root, 'dist', 'dashboard'));
}

/** An installation that was laid out before. */
export function installationAt(root: string): Installation {
  return { root, program: (name) => join(root, 'dist', `${name}.js`) };
}

/** For the environment of its programs: the bin finds itself compiled, what is started without it has to be told where. */
export function compiledIn({ root }: Installation): { readonly NODE_COMPILE_CACHE: string } {
  return { NODE_COMPILE_CACHE: join(root, 'compiled') };
}

function npm(cwd: string, script: string, ...args: readonly string[]): void {
  execFileSync('npm', ['run', '--silent', script, '--', ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
