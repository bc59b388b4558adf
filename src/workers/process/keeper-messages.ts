import type { ProcessIdentity } from '../../domain/lease.ts';

/** Request to a keeper, one JSON line each. Times are ms of running time from now. */
export type KeeperRequest =
  /** Start the shim of an attempt in its run directory, where the stdin file exists already. */
  | {
      readonly do: 'start';
      readonly attemptId: string;
      readonly argv: readonly string[];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      readonly runDirectory: string;
      readonly timeoutMs: number;
    }
  /** Enforce the deadline of an attempt that an earlier keeper started. */
  | {
      readonly do: 'watch';
      readonly attemptId: string;
      readonly leader: ProcessIdentity;
      readonly runDirectory: string;
      readonly timeoutMs: number;
    }
  /** Drop an attempt whose end has been handled. */
  | { readonly do: 'forget'; readonly attemptId: string };

/** Report of a keeper, one JSON line each. */
export type KeeperReport =
  | { readonly is: 'started'; readonly attemptId: string; readonly leader: ProcessIdentity }
  | {
      readonly is: 'refused';
      readonly attemptId: string;
      readonly code: string;
      readonly syscall: string;
      readonly message: string;
    }
  | { readonly is: 'ended'; readonly attemptId: string; readonly status: number };
