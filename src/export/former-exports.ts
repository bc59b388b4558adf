import type { EventType } from '../domain/event.ts';
import type { Repository } from '../ports/repository.ts';

/** Events of written files: `data` has `path` (real path of the file) and `sha256`. */
const WRITING: readonly EventType[] = ['results:exported', 'job:step_started'];
const PAGE = 500;

/** Returns the SHA-256 (hex) of all files that a job wrote to a path: an unchanged one may be replaced. */
export async function formerExports({ events }: Repository, jobId: string, path: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await events.ofJob(jobId, before, PAGE);
    for (const { type, data } of page) {
      if (WRITING.includes(type) && data.path === path && typeof data.sha256 === 'string') found.add(data.sha256);
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return [...found];
    before = last.seq;
  }
}
