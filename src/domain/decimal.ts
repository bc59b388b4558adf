/** A finite number as written: `digits` × 10^`exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/**
 * Tells whether a number is a multiple of another, both taken as their shortest decimal form: 19.99 is a multiple of
 * 0.01, although neither double is exact.
 */
export function isDecimalMultiple(value: number, divisor: number): boolean {
  // A number beyond the largest double has no digits left to compare.
  if (!Number.isFinite(value)) return true;
  const [one, other] = [decimalOf(value), decimalOf(divisor)];
  const exponent = Math.min(one.exponent, other.exponent);
  const scaled = ({ digits, exponent: own }: Decimal) => digits * 10n ** BigInt(own - exponent);
  return scaled(one) % scaled(other) === 0n;
}

function decimalOf(number: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(number).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}
