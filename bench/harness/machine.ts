import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** Describes this machine in one line, as context for the figures. */
export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return `${cpus().length} cores of ${first?.model.trim() ?? 'an unknown processor'}, ${memory} GB, ${name}, kernel ${release()}, Node ${process.versions.node}`;
}
