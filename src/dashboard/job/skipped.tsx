import { Fragment } from 'react';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { count } from '../format.ts';
import { Card } from '../parts/card.tsx';
import type { Overview } from './use-job.ts';

/** Skipped records of the source: their number, and place and reason of the first. */
export function Skipped({ invalid, duplicates, records }: NonNullable<Overview['skipped']>) {
  const kinds = [
    ...(invalid > 0 ? [`${count(invalid)} invalid`] : []),
    ...(duplicates > 0 ? [`${count(duplicates)} ${duplicates === 1 ? 'duplicate' : 'duplicates'}`] : []),
  ];
  const more = invalid + duplicates - records.length;
  return (
    <Card title="Skipped records of the source" aside={<span className="muted small">{kinds.join(', ')}</span>}>
      <dl className="facts places small">
        {records.map(({ place, reason }, n) => (
          // The list never changes, and a place may occur twice.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <Fragment key={n}>
            <dt className="num">{showUnseen(place)}</dt>
            <dd>{showUnseen(reason)}</dd>
          </Fragment>
        ))}
      </dl>
      {more > 0 && <p className="muted small">and {count(more)} more</p>}
    </Card>
  );
}
