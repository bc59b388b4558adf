import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { duration, oneLine, usd, words } from '../format.ts';
import { Status } from '../parts/status.tsx';
import type { Row, Rows } from './use-rows.ts';

/** Columns of payload and result that are drawn: more are in the unit and in the export. */
const SHOWN_FIELDS = 6;
/** Fields that say little beside the key. */
const DULL = new Set(['_id', '_row_index', '_index', 'file_name', 'file_extension', 'file_path', 'modified_at']);

/** A column: how wide, and what of a row it shows. */
export interface Column {
  readonly name: string;
  readonly label: string;
  readonly width: string;
  readonly right?: boolean;
  readonly cell: (row: Row) => React.ReactNode;
}

const WHY: Column = {
  name: 'why',
  label: 'Why',
  width: 'minmax(16rem, 2fr)',
  cell: ({ failure_class, message }) => (failure_class ? <Why of={`${words(failure_class)}: ${message ?? ''}`} /> : ''),
};

/** So much of a message's end stays in sight, in whatever width: why stands there. */
const END_CHARS = 36;

function Why({ of }: { readonly of: string }) {
  const text = oneLine(of);
  const [begin, end] = text.length > 2 * END_CHARS ? [text.slice(0, -END_CHARS), text.slice(-END_CHARS)] : [text, ''];
  return (
    <span className="both-ends" title={of}>
      <span>{begin}</span>
      <span>{end}</span>
    </span>
  );
}

/** Columns of the table: what every unit has, and the fields of payload and result that say most. */
export function columnsOf(jobId: string, { columns, row, failures }: Rows): readonly Column[] {
  const first = row(0);
  const dull = (field: string) =>
    DULL.has(field) || (first !== undefined && oneLine(first.payload[field]) === first.key);
  const field = (group: 'payload' | 'result', name: string): Column => ({
    name: `${group} ${name}`,
    label: name,
    width: 'minmax(7rem, 1fr)',
    cell: (shown) => {
      const text = oneLine(shown[group]?.[name]);
      return <span title={text}>{text}</span>;
    },
  });
  // What failed has no result.
  const results = failures ? [] : columns.result.slice(0, SHOWN_FIELDS);
  const payloads = columns.payload.filter((name) => !dull(name)).slice(0, Math.max(2, SHOWN_FIELDS - results.length));
  return [
    { name: 'unit', label: 'Unit', width: '4.6rem', right: true, cell: ({ unit }) => unit },
    {
      name: 'key',
      label: 'Key',
      width: 'minmax(9rem, 1.4fr)',
      cell: ({ unit, key }) => (
        <Link href={`/jobs/${jobId}/units/${unit}`} tabIndex={-1} title={key}>
          {showUnseen(key)}
        </Link>
      ),
    },
    { name: 'status', label: 'Status', width: '9.2rem', cell: ({ status }) => <Status of={status} /> },
    ...(failures ? [WHY] : []),
    ...payloads.map((name) => field('payload', name)),
    ...results.map((name) => field('result', name)),
    { name: 'attempts', label: 'Attempts', width: '6rem', right: true, cell: ({ attempts }) => attempts || '' },
    {
      name: 'cost',
      label: 'Cost',
      width: '6rem',
      right: true,
      cell: (shown) => (shown.cost_usd === undefined ? '' : usd(shown.cost_usd)),
    },
    {
      name: 'duration',
      label: 'Duration',
      width: '6.4rem',
      right: true,
      cell: (shown) => (shown.duration_s === undefined ? '' : duration(shown.duration_s)),
    },
  ];
}
