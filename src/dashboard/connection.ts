import { useSyncExternalStore } from 'react';
import { isRefusal } from './api.ts';

/** State of the connection, by the latest requests. */
export type Connection = 'there' | 'lost' | 'signed out';

let connection: Connection = 'there';
const listeners = new Set<() => void>();

function setConnection(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const listener of listeners) listener();
}

/** Records an answer of the server. */
export function recordAnswer(): void {
  setConnection('there');
}

/** Records a failed request; an error answer is an answer, too. */
export function recordFailure(error: unknown): void {
  if (!isRefusal(error)) setConnection('lost');
  else setConnection(error.status === 401 ? 'signed out' : 'there');
}

/** Subscribes to the state of the connection. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}
