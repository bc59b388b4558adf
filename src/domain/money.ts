/**
 * Rounds US dollars to a millionth, for exports, answers and events: sums of binary fractions do not show
 * (0.015359999999999999), the cheapest call still does.
 */
export function usd(amount: number): number {
  return Number(amount.toFixed(6));
}
