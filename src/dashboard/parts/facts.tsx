import { Fragment, type ReactNode } from 'react';
import { duration, oneLine, usd, words } from '../format.ts';

/** A name with its value. */
export type Fact = readonly [name: string, value: ReactNode];

/** List of names with values, one per line; omits empty values. */
export function Facts({ of }: { readonly of: readonly Fact[] }) {
  return (
    <dl className="facts">
      {of
        .filter(([, value]) => value !== undefined && value !== null && value !== '')
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd className="num">{value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}

/** Formats settings as facts; a unit suffix moves to the value: `timeout_s` 1800 becomes timeout 30 min. */
export function factsOf(settings: Readonly<Record<string, unknown>>): readonly Fact[] {
  return Object.entries(settings).map(([name, value]) => {
    const inUnit = Object.entries(UNITS).find(([unit]) => name.endsWith(unit));
    if (!inUnit || (typeof value !== 'number' && value !== null)) return [words(name), shown(value)];
    const [unit, show] = inUnit;
    return [words(name.slice(0, -unit.length)), value === null ? shown(value) : show(value)];
  });
}

const UNITS: Readonly<Record<string, (value: number) => string>> = {
  _s: (seconds) => (seconds === 0 ? 'off' : duration(seconds)),
  _usd: usd,
};

function shown(value: unknown): ReactNode {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? <code>{JSON.stringify(value)}</code> : oneLine(value);
}
