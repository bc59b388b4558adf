import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Auth } from './auth.ts';
import type { HttpEnv } from './caller.ts';
import { atMost } from './guard.ts';
import { HttpRefusal } from './problem.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f7f7f5,#17181a);color:light-dark(#1c1d1f,#ececea)}
main{width:min(28rem,100vw - 3rem)}h1{font-size:1.25rem;margin:0 0 .5rem}p{color:light-dark(#5c5f66,#a2a5ab)}
code{font-family:ui-monospace,monospace;background:light-dark(#ebebe8,#26282b);padding:.1em .35em;border-radius:4px}
label{display:block;margin:1.5rem 0 .35rem;font-size:.875rem}
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem .65rem;border:1px solid light-dark(#c9cac6,#44474c);border-radius:8px;background:light-dark(#fff,#1f2123);color:inherit}
button{font:inherit;margin-top:.9rem;padding:.5rem 1rem;border:0;border-radius:8px;background:light-dark(#2f5fd0,#7da2ff);color:light-dark(#fff,#10131a)}
.small{font-size:.875rem}.wrong{white-space:pre-line;color:light-dark(#b3261e,#ff9d94)}.wrong:empty{display:none}`;

/**
 * Sends the code after # to this server, stores the page key for this origin, port included (src/dashboard/page-key.ts
 * reads it), and continues: from /auth to its `next` if that has this origin, from any other path to that path.
 */
const SCRIPT = `const wrong = document.querySelector('.wrong');
const onward = () => {
  const next = location.pathname === '/auth' ? new URLSearchParams(location.search).get('next') || '/' : location.href;
  const url = URL.canParse(next, location.origin) ? new URL(next, location.origin) : new URL(location.origin);
  url.hash = '';
  return url.origin === location.origin ? url.href : location.origin;
};
const signIn = async (code) => {
  try {
    const answer = await fetch('/auth', { method: 'POST', body: new URLSearchParams({ code }) });
    const said = await answer.json();
    if (!answer.ok) throw new Error([said.detail, said.hint].filter(Boolean).join('\\n'));
    localStorage.setItem('abp-page-key', said.page_key);
    location.replace(onward());
  } catch (error) {
    wrong.textContent = error.message;
  }
};
document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn(event.target.elements.link.value.trim().replace(/^.*#/, ''));
});
const fromAddress = () => {
  if (location.hash.length > 1) void signIn(location.hash.slice(1));
};
addEventListener('hashchange', fromAddress);
fromAddress();`;

/** Room for a code. */
const MAX_FORM_BYTES = 1024;

/** Adds the routes by which a browser signs in; before the guard that requires a session. */
export function addSignIn(app: Hono<HttpEnv>, auth: Auth, port: number): void {
  // A GET uses up no code: it is in the fragment, which only the script of the page sends.
  app.get('/auth', () => signInPage(port, 200));
  app.post('/auth', atMost(MAX_FORM_BYTES), async (c) => {
    const code = new URLSearchParams(await c.req.text()).get('code') ?? '';
    const session = auth.signIn(code, sessionCookie(auth, c));
    if (session === null) {
      throw new HttpRefusal(
        'unauthorized',
        'Expected an unused sign-in link of the last two minutes, found one that was used before, has expired or is not valid.',
        'abp serve --link prints a new one. The token cannot sign in: programs send it with each request.',
      );
    }
    return c.json({ page_key: session.pageKey }, 200, { 'Set-Cookie': session.cookie, 'Cache-Control': 'no-store' });
  });
}

/** Adds the route by which a page signs out; after the guard. */
export function addSignOut(app: Hono<HttpEnv>, auth: Auth): void {
  app.delete('/auth', (c) => {
    if (c.get('caller') !== 'person')
      throw new HttpRefusal('forbidden', 'Only a signed-in browser has a session to end.');
    const cookie = auth.signOut(sessionCookie(auth, c));
    return c.json({ signed_in: false }, 200, { 'Set-Cookie': cookie, 'Cache-Control': 'no-store' });
  });
}

function sessionCookie(auth: Auth, c: Context<HttpEnv>): string {
  return getCookie(c, auth.cookieName) ?? '';
}

/** Makes the page that a browser without a session gets at any path; `port` is this server's. */
export function signInPage(port: number, status: 200 | 401): Response {
  return page(
    status,
    `<main><h1>Agentic Batch Processor</h1><p class="wrong" role="alert"></p>
<p>You sign in with a link that works once. On the machine where this server runs, type in a terminal:</p>
<p><code>abp serve --link</code></p>
<p>Open the link that it prints in this browser within two minutes, or paste it here.</p>
<form><label for="link">Link</label><input id="link" name="link" autocomplete="off" spellcheck="false" required autofocus><button>Sign in</button></form>
<p class="small">From another machine: <code>ssh -L ${port}:127.0.0.1:${port} HOST</code>, then open the link here. If you forward another port, replace ${port} in the link with it, or paste the link as it is.</p>
<p class="small">If the server has an <code>ABP_STORAGE_PATH</code> of its own, the command needs the same. The token of the server is for programs; it cannot sign in.</p></main>
<script>${SCRIPT}</script>`,
  );
}

/**
 * Makes a page that reloads itself: a browser that follows a link of another site sends no SameSite=Strict cookie, but it
 * does on the reload, which shows whether there is a session.
 */
export function askAgain(): Response {
  return page(401, '<main><p>Opening…</p></main>', '<meta http-equiv="refresh" content="0">');
}

function page(status: number, body: string, head = ''): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Agentic Batch Processor</title>${head}<style>${STYLE}</style></head><body>${body}</body></html>`;
  return new Response(html, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': POLICY,
    },
  });
}

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`;
