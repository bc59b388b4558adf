import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** The class of this machine in one line: what a figure must be read with. */
export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return `${cpus().length} cores of ${first?.model.trim() ?? 'an unknown processor'}, ${memory} GB, ${name}, kernel ${release()}, Node ${process.versions.node}`;
}
