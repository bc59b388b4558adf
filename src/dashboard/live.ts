import { useQueryClient } from '@tanstack/react-query';
import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Output } from './api.ts';
import { jobPath } from './api.ts';

/** Between two looks at a job about which events keep coming, ms. */
const CALM_MS = 800;
/** A stream that was refused (a server that is busy, or comes up again) is asked for again after so long, ms. */
const AGAIN_MS = 5000;

/**
 * Follows a job's events and has everything about it read again when something happened, or when the connection was lost
 * meanwhile; a page that nobody looks at follows nothing (a browser has few connections for all its pages). Returns
 * whether it is connected.
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
        waiting ??= setTimeout(refresh, CALM_MS);
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
 * The conversation of an attempt as far as it has come, growing while it happens and somebody sees it: what is out of
 * sight holds no connection, and goes on from where it was.
 */
export function useAttemptLog(address: string, stage: string, inSight: boolean) {
  const [log, setLog] = useState<{ readonly entries: readonly LogEntry[]; readonly ended: boolean }>(EMPTY);
  const seen = useRef(-1);
  const wanted = inSight && !log.ended;
  useEffect(() => {
    if (!wanted) return;
    const end = () => setLog((before) => ({ ...before, ended: true }));
    return follow(() => `${address}?stage=${stage}&since=${seen.current}`, {
      message({ data, lastEventId }) {
        const { entries } = JSON.parse(data) as { entries: readonly LogEntry[] };
        seen.current = Number(lastEventId);
        setLog((before) => ({ ...before, entries: [...before.entries, ...entries] }));
      },
      end,
      gone: end,
    });
  }, [address, stage, wanted]);
  return log;
}

const EMPTY = { entries: [], ended: false } as const;

/** Whether a person can see an element now: near the window's part of a page that is looked at. */
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
 * Follows a stream until the function that comes back is called. When a connection breaks, the browser comes back by
 * itself and says what it has seen; when it is refused, the browser gives up, and we do not.
 */
function follow(address: () => string, listeners: Listeners): () => void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(address());
    for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, listener);
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_MS);
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
