/**
 * Storage key of the page key, which proves that a change comes from this page; the sign-in page (src/http/sign-in.ts)
 * stores it. Unlike the cookie, it is bound to this origin including the port.
 */
const KEY = 'abp-page-key';

/** The current page key (another tab may have signed in again); empty if this origin never signed in. */
export function pageKey(): string {
  return localStorage.getItem(KEY) ?? '';
}

/** Deletes the page key. */
export function forgetPageKey(): void {
  localStorage.removeItem(KEY);
}
