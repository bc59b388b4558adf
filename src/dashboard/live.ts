import { useQueryClient } from '@tanstack/react-query';
import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Output } from './api.ts';
import { jobPath } from './api.ts';

/** Shortest interval between two reloads of a job that sends events, ms. */
const RELOAD_INTERVAL_MS = 800;
/** Delay before a refused stream (a busy or starting server) is requested again, ms. */
const RECONNECT_MS = 5000;

/**
 * Follows a job's events and reloads everything about the job when one arrives, or after a lost connection; a hidden
 * page follows nothing, because browsers limit connections per server. Returns whether it is connected.
 */
export function useJobEvents(jobId: string): boolean {
  const queries = useQueryClient();
  const visible = useVisible();
  const [connected, setConnected] = useState(false);
  useEffect(() => {
    if (!visible) return;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let lost = false;
    const refresh = () => {
      waiting = undefined;
      void queries.invalidateQueries({ queryKey: ['job', jobId] });
    };
    const leave = follow(() => `${jobPath(jobId)}/events?since=latest`, {
      open() {
        setConnected(true);
        if (lost) refresh();
      },
      error() {
        lost = true;
        setConnected(false);
      },
      message() {
        waiting ??= setTimeout(refresh, RELOAD_INTERVAL_MS);
      },
      gone() {
        leave();
        refresh();
      },
    });
    return () => {
      clearTimeout(waiting);
      leave();
      setConnected(false);
    };
  }, [jobId, visible, queries]);
  return connected;
}

export type LogEntry = Output<'attempt_log'>['entries'][number];

/**
 * Streams the conversation of an attempt while it is in sight; out of sight it holds no connection, and continues from
 * the last entry later.
 */
export function useAttemptLog(address: string, scope: string, inSight: boolean) {
  const [log, setLog] = useState<{ readonly entries: readonly LogEntry[]; readonly ended: boolean }>(EMPTY);
  const seen = useRef(-1);
  const wanted = inSight && !log.ended;
  useEffect(() => {
    if (!wanted) return;
    const end = () => setLog((before) => ({ ...before, ended: true }));
    return follow(() => `${address}?scope=${scope}&since=${seen.current}`, {
      message({ data, lastEventId }) {
        const { entries } = JSON.parse(data) as { entries: readonly LogEntry[] };
        seen.current = Number(lastEventId);
        setLog((before) => ({ ...before, entries: [...before.entries, ...entries] }));
      },
      end,
      gone: end,
    });
  }, [address, scope, wanted]);
  return log;
}

const EMPTY = { entries: [], ended: false } as const;

/** Checks whether an element is in or near the visible part of a visible page. */
export function useInSight(element: RefObject<HTMLElement | null>): boolean {
  const visible = useVisible();
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const look = (seen: readonly IntersectionObserverEntry[]) => setNear(seen.at(-1)?.isIntersecting === true);
    const observer = new IntersectionObserver(look, { rootMargin: '50% 0px' });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return visible && near;
}

type Listeners = Readonly<Record<string, (event: MessageEvent<string>) => void>>;

/**
 * Follows a stream; returns the function that ends it. After a lost connection the browser reconnects and sends the
 * last event id; after a refusal it gives up, so this reconnects.
 */
function follow(address: () => string, listeners: Listeners): () => void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(address());
    for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, listener);
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, RECONNECT_MS);
    });
  };
  open();
  return () => {
    clearTimeout(again);
    source.close();
  };
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return visible;
}
