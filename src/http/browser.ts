import { spawn } from 'node:child_process';

/** A program that cannot open a browser (no screen, none installed) exits sooner; a browser may keep running. */
const FAILS_WITHIN_MS = 1500;

/** Opens a URL with the program in $BROWSER, or else the system's default; false = it failed. */
export function openInBrowser(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const program = environment.BROWSER || (process.platform === 'darwin' ? 'open' : 'xdg-open');
  return new Promise((resolve) => {
    const child = spawn(program, [url], { detached: true, stdio: 'ignore', env: { ...environment } });
    const timer = setTimeout(() => resolve(true), FAILS_WITHIN_MS);
    const ended = (code: number | null) => {
      clearTimeout(timer);
      resolve(code === 0);
    };
    child.once('error', () => ended(null));
    child.once('exit', ended);
    child.unref();
  });
}
