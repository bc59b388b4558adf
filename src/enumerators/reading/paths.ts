import type { Bounds, Power } from '../../domain/power.ts';

/** The power to read credentials or ABP's own store; none for other paths. */
export function sensitivePowers(path: string, bounds: Bounds): readonly Power[] {
  return bounds.isSensitive(path) ? [{ kind: 'credentials', what: bounds.nameOf(path) }] : [];
}
