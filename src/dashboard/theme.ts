import { useSyncExternalStore } from 'react';

/** `system` follows the machine. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'abp-theme';
const listeners = new Set<() => void>();
const dark = window.matchMedia('(prefers-color-scheme: dark)');
dark.addEventListener('change', () => {
  for (const listener of listeners) listener();
});

function chosen(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** Applies the chosen theme to the page. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = chosen();
}

/** Stores and applies a choice. */
export function setTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  applyTheme();
  for (const listener of listeners) listener();
}

/** Subscribes to the choice and to whether the page is dark. */
export function useTheme(): { readonly theme: Theme; readonly isDark: boolean } {
  const state = useSyncExternalStore(subscribe, () => `${chosen()} ${dark.matches}`);
  const [theme = 'system', systemDark] = state.split(' ');
  return { theme: theme as Theme, isDark: theme === 'system' ? systemDark === 'true' : theme === 'dark' };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
