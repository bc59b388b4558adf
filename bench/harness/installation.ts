import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

/** The built package in its own folder, isolated from changes in the checkout. */
export interface Installation {
  readonly root: string;
  /** Absolute path of a program: of the package (`main`, `executor/main`), or one bundled with it. */
  program(name: string): string;
}

/**
 * Installs the package below `root`. Programs of benchmarks and tests, named as in `dist`, are bundled with it, since
 * users do not run sources. Without the dashboard, which is a separate build.
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

/** Opens an existing installation. */
export function installationAt(root: string): Installation {
  return { root, program: (name) => join(root, 'dist', `${name}.js`) };
}

/** Environment for its programs: the bin finds itself, programs started without it need the path. */
export function compiledIn({ root }: Installation): { readonly NODE_COMPILE_CACHE: string } {
  return { NODE_COMPILE_CACHE: join(root, 'compiled') };
}

function npm(cwd: string, script: string, ...args: readonly string[]): void {
  execFileSync('npm', ['run', '--silent', script, '--', ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
