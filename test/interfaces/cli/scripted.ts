import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Workspace, workspace } from './abp.ts';

/** A workspace whose worker is a script of its folder: what may change after somebody allowed it. */
export interface Scripted extends Workspace {
  /** Absolute. */
  readonly script: string;
  /** Whether the script was ever run. */
  ran(): boolean;
  /** Writes the batch file again, with these fields. */
  batch(rest?: object): void;
  /** Makes a job from it, starts nothing. */
  created(...args: readonly string[]): Promise<string>;
  revokeAll(): Promise<void>;
}

/** Makes one over three items. A file `fail` in its folder makes each of them fail. */
export function scripted(rest: object = {}): Scripted {
  const space = workspace(['one', 'two', 'three']);
  const batch = (changed: object = {}) => {
    const text = {
      name: 'texts',
      intent: 'Count the letters.',
      source: { type: 'file', base_directory: 'in' },
      worker: { type: 'command', command: ['sh', 'work.sh'] },
      limits: { max_retries: 0 },
      ...changed,
    };
    space.write('batch.yaml', JSON.stringify(text));
  };
  batch(rest);
  const script = space.write('work.sh', "cat >/dev/null; touch ran; [ -e fail ] && exit 1; echo '{}'\n");
  return {
    ...space,
    script,
    batch,
    ran: () => existsSync(join(space.folder, 'ran')),
    created: async (...args) => (await space.json('create', 'batch.yaml', ...args)).document.job_id,
    async revokeAll() {
      for (const { definition } of await space.approvals()) await space.abp('approvals', 'revoke', definition);
    },
  };
}

/** Pauses a job at its first failure. */
export const STOPS = { limits: { max_retries: 0, max_workers: 1, failure_threshold: 1 } };
