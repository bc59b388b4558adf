/**
 * The value by which the server knows that a change comes from this page: the sign-in page (src/http/sign-in.ts) has put
 * it here. Other than the cookie, it stays with this origin, port included.
 */
const KEY = 'abp-page-key';

/** The value, as it is now (another tab may have signed in again); empty when this origin never signed in. */
export function pageKey(): string {
  return localStorage.getItem(KEY) ?? '';
}

/** Gives it up. */
export function forgetPageKey(): void {
  localStorage.removeItem(KEY);
}
