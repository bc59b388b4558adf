import type { SpawnRecord } from '../../ports/worker.ts';

/** What a keeper is asked, one JSON line each. Times are ms from now in which the attempt runs. */
export type KeeperRequest =
  /** Start the shim of an attempt in its run directory, whose stdin file is written already. */
  | {
      readonly do: 'start';
      readonly attemptId: string;
      readonly argv: readonly string[];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      readonly runDirectory: string;
      readonly timeoutMs: number;
    }
  /** Keep an attempt that an earlier keeper started to its deadline. */
  | {
      readonly do: 'watch';
      readonly attemptId: string;
      readonly leader: SpawnRecord;
      readonly runDirectory: string;
      readonly timeoutMs: number;
    }
  /** It has been seen to its end. */
  | { readonly do: 'forget'; readonly attemptId: string };

/** What a keeper reports, one JSON line each. */
export type KeeperReport =
  | { readonly is: 'started'; readonly attemptId: string; readonly leader: SpawnRecord }
  | {
      readonly is: 'refused';
      readonly attemptId: string;
      readonly code: string;
      readonly syscall: string;
      readonly message: string;
    }
  | { readonly is: 'ended'; readonly attemptId: string; readonly status: number };
