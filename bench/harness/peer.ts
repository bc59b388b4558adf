import { spawnSync } from 'node:child_process';

/** Checks whether a program is installed. */
export function has(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' }).status === 0;
}

/** Wall time of a program from start to end, output thrown away. A plain sh as SHELL: the fastest that peers can use. */
export function seconds(program: string, args: readonly string[]): number {
  const started = performance.now();
  const { status, error } = spawnSync(program, args, { stdio: 'ignore', env: { ...process.env, SHELL: '/bin/sh' } });
  if (error !== undefined || status !== 0) throw error ?? new Error(`${program} ended with exit code ${status}`);
  return (performance.now() - started) / 1000;
}
