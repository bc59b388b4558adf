import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { jobPath, type Output, read } from '../api.ts';
import { count } from '../format.ts';

type Page = Output<'unit_rows'>;
export type Row = Page['rows'][number];

/** What the table shows; the server does the choosing. */
export interface Filter {
  readonly status: string | undefined;
  readonly failureClass: string | undefined;
  readonly text: string;
}

/** Rows of a table that is never held whole. */
export interface Rows {
  readonly total: number;
  readonly columns: Page['columns'];
  /** The row at a position; undefined while it is being fetched. */
  row(position: number): Row | undefined;
  /** Says which positions are in sight. */
  show(first: number, count: number): void;
  readonly summary: string;
  /** Only failed units are shown: their reasons matter more than anything else. */
  readonly failures: boolean;
  readonly error: unknown;
}

const PAGE = 100;
const NO_COLUMNS = { payload: [], result: [] } as const;

/** One page of the table, to be asked for here or ahead of it. */
export function pageQuery(jobId: string, { status, failureClass }: Omit<Filter, 'text'>, page: number) {
  return {
    queryKey: ['job', jobId, 'rows', status, failureClass, page],
    queryFn: () =>
      read<Page>(`${jobPath(jobId)}/rows`, { status, failure_class: failureClass, offset: page * PAGE, limit: PAGE }),
  };
}

/** What of an address says which units are shown. */
export function filterOf(search: URLSearchParams): Omit<Filter, 'text'> {
  return { status: search.get('status') ?? undefined, failureClass: search.get('class') ?? undefined };
}

/** With a text the server searches onwards; without, any page of the table is as near as any other. */
export function useRows(jobId: string, filter: Filter): Rows {
  const searching = filter.text !== '';
  const paged = usePaged(jobId, filter, !searching);
  const found = useFound(jobId, filter, searching);
  return searching ? found : paged;
}

function usePaged(jobId: string, { status, failureClass }: Filter, enabled: boolean): Rows {
  const [range, setRange] = useState({ first: 0, last: 0 });
  const query = (page: number) => ({ ...pageQuery(jobId, { status, failureClass }, page), enabled });
  // The first page says how long the table is, wherever in it one looks.
  const head = useQuery({ ...query(0), placeholderData: keepPreviousData });
  const wanted = Array.from({ length: range.last - range.first + 1 }, (_, at) => range.first + at);
  const pages = useQueries({ queries: wanted.map(query) });
  const total = head.data?.total ?? 0;
  return {
    total,
    columns: head.data?.columns ?? NO_COLUMNS,
    row(position) {
      const page = Math.floor(position / PAGE);
      const data = page === 0 ? head.data : pages[page - range.first]?.data;
      return data?.rows[position % PAGE];
    },
    show(first, shown) {
      const next = { first: Math.floor(first / PAGE), last: Math.floor(Math.max(first, first + shown - 1) / PAGE) };
      if (next.first !== range.first || next.last !== range.last) setRange(next);
    },
    failures: failureClass !== undefined || status === 'failed',
    summary: head.data ? `${count(total)} units` : 'Loading…',
    error: head.error,
  };
}

function useFound(jobId: string, { status, failureClass, text }: Filter, enabled: boolean): Rows {
  const search = useInfiniteQuery({
    queryKey: ['search', jobId, status, failureClass, text],
    queryFn: ({ pageParam, signal: _signal }) =>
      read<Page>(`${jobPath(jobId)}/rows`, {
        status,
        failure_class: failureClass,
        text,
        after: pageParam,
        limit: PAGE,
      }),
    initialPageParam: -1,
    getNextPageParam: (last) => last.next_after,
    enabled,
  });
  const pages = search.data?.pages;
  const rows = useMemo(() => (pages ?? []).flatMap((page) => page.rows), [pages]);
  const goOn = () => {
    if (search.hasNextPage && !search.isFetching) void search.fetchNextPage();
  };
  // A search that found too little to fill the table goes on by itself.
  if (enabled && rows.length < PAGE) queueMicrotask(goOn);
  const scanned = (pages?.at(-1)?.scanned_to ?? -1) + 1;
  return {
    total: rows.length,
    columns: pages?.[0]?.columns ?? NO_COLUMNS,
    row: (position) => rows[position],
    show(first, shown) {
      if (first + shown >= rows.length - 20) goOn();
    },
    failures: failureClass !== undefined || status === 'failed',
    summary: search.hasNextPage
      ? `${count(rows.length)} found in the first ${count(scanned)} units`
      : `${count(rows.length)} found`,
    error: search.error,
  };
}
