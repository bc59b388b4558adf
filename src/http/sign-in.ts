import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import type { Auth } from './auth.ts';
import type { HttpEnv } from './caller.ts';
import { atMost } from './guard.ts';
import { HttpRefusal } from './problem.ts';
import { signInCodes } from './resources.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f7f7f5,#17181a);color:light-dark(#1c1d1f,#ececea)}
main{width:min(26rem,100vw - 3rem)}h1{font-size:1.25rem;margin:0 0 .5rem}p{color:light-dark(#5c5f66,#a2a5ab)}
code{font-family:ui-monospace,monospace;background:light-dark(#ebebe8,#26282b);padding:.1em .35em;border-radius:4px}
label{display:block;margin:1.5rem 0 .35rem;font-size:.875rem}
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem .65rem;border:1px solid light-dark(#c9cac6,#44474c);border-radius:8px;background:light-dark(#fff,#1f2123);color:inherit}
button{font:inherit;margin-top:.9rem;padding:.5rem 1rem;border:0;border-radius:8px;background:light-dark(#2f5fd0,#7da2ff);color:light-dark(#fff,#10131a)}
.wrong{color:light-dark(#b3261e,#ff9d94)}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A token and an address. */
const MAX_FORM_BYTES = 16 * 1024;

/** The routes by which a browser signs in. They stand before the guard that asks for a session. */
export function addSignIn(app: Hono<HttpEnv>, auth: Auth): void {
  app.get('/auth', (c) => {
    const next = ownPath(c.req.query('next'));
    // A program that only looks at the link must not use it up.
    if (c.req.method === 'HEAD') return signInPage(next);
    return auth.redeem(c.req.query('code') ?? '')
      ? signedIn(next)
      : signInPage(next, 'This link was used before, or is too old.');
  });
  app.post('/auth', atMost(MAX_FORM_BYTES), async (c) => {
    const form = await c.req.parseBody();
    const next = ownPath(form.next);
    const right = typeof form.token === 'string' && auth.accepts(form.token.trim());
    return right ? signedIn(next) : signInPage(next, 'That is not the token.');
  });

  function signedIn(next: string): Response {
    return new Response(null, {
      status: 303,
      headers: { Location: next, 'Set-Cookie': auth.sessionCookie(), 'Cache-Control': 'no-store' },
    });
  }
}

/** The route by which a program that has the token lets a browser in. It stands behind the guard. */
export function addCodes(app: Hono<HttpEnv>, auth: Auth): void {
  app.post(signInCodes.path, (c) => {
    if (c.get('caller') !== 'program') throw new HttpRefusal('forbidden', 'Codes are made for programs only.');
    return c.json({ code: auth.mintCode() }, 201, { 'Cache-Control': 'no-store' });
  });
}

/** What a browser without a session sees; once signed in, it goes on to `next`. */
export function signInPage(next: string, problem = ''): Response {
  const wrong = problem === '' ? '' : `<p class="wrong" role="alert">${problem}</p>`;
  return page(
    `<main><h1>Agentic Batch Processor</h1>${wrong}<p>Run <code>abp serve --open</code> in a terminal to open this page signed in, or give the token of this server.</p>
<form method="post" action="/auth"><input type="hidden" name="next" value="${ownPath(next).replaceAll('&', '&amp;')}"><label for="token">Token</label><input id="token" name="token" type="password" autocomplete="off" required autofocus><button>Sign in</button></form></main>`,
  );
}

/**
 * A link on another site brings no SameSite=Strict cookie with it: the page asks for itself once more, this time from
 * here. Only then is it known whether there is a session.
 */
export function askAgain(): Response {
  return page('<main><p>Opening…</p></main>', '<meta http-equiv="refresh" content="0">');
}

function page(body: string, head = ''): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Agentic Batch Processor</title>${head}<style>${STYLE}</style></head><body>${body}</body></html>`;
  return new Response(html, {
    status: 401,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    },
  });
}

/** Only a path of this server, of characters that cannot end an attribute: everything else becomes the start page. */
function ownPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?!\/)[\w./~%?=&;:@+,!*()$-]*$/.test(next) ? next : '/';
}
