/**
 * US dollars as they leave the program, in exports, answers and events alike: rounded to a millionth, so that sums of binary
 * fractions do not show (0.015359999999999999) and the cheapest call still does.
 */
export function usd(amount: number): number {
  return Number(amount.toFixed(6));
}
