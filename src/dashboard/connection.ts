import { useSyncExternalStore } from 'react';
import { isRefusal } from './api.ts';

/** Whether the server answers, as the latest requests have found. */
export type Connection = 'there' | 'lost' | 'signed out';

let connection: Connection = 'there';
const listeners = new Set<() => void>();

function become(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const listener of listeners) listener();
}

/** Notes that the server has answered. */
export function noteAnswer(): void {
  become('there');
}

/** Notes what a request failed with; a refusal is an answer, too. */
export function noteFailure(error: unknown): void {
  if (!isRefusal(error)) become('lost');
  else become(error.status === 401 ? 'signed out' : 'there');
}

/** The connection now. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}
