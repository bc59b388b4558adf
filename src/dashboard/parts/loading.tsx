import type { UseQueryResult } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { isRefusal } from '../api.ts';

/**
 * Renders the data of a query, its error, or "Loading…". Old data stays during a reload and while the server is
 * unreachable; a 404 replaces it.
 */
export function Loaded<T>({
  query,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}) {
  const isGone = isRefusal(query.error) && query.error.status === 404;
  if (query.data !== undefined && !isGone) return children(query.data);
  if (query.error) return <Problem error={query.error} />;
  return (
    <p className="muted" role="status">
      Loading…
    </p>
  );
}

/** An error with its hint. A 401 is reported at the top of the page instead. */
export function Problem({ error }: { readonly error: unknown }) {
  if (isRefusal(error) && error.status === 401) return null;
  const message = error instanceof Error ? error.message : String(error);
  const isGone = isRefusal(error) && error.status === 404;
  return (
    <div className="notice red" role="alert">
      <TriangleAlert aria-hidden />
      <div>
        {isGone ? <h1>{message}</h1> : <strong>{message}</strong>}
        <p>{isGone ? <Link href="/">All jobs</Link> : isRefusal(error) && error.hint}</p>
      </div>
    </div>
  );
}
