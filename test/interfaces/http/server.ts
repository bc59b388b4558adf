import { request } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { ServeOptions } from '../../../src/http/host.ts';
import { type HttpServer, serveHttp } from '../../../src/http/serve.ts';
import { mintCode } from '../../../src/http/sign-in-links.ts';
import { type Abp, wire } from '../../../src/wire.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** A server over a new store, with ways to send requests. */
export interface TestServer extends HttpServer {
  readonly abp: Abp;
  readonly root: string;
  /** Sends a request with the token. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Sends a request with the token; returns the JSON of its response. */
  json<T = Record<string, unknown>>(path: string, init?: RequestInit): Promise<T>;
  /** Sends a JSON body with the token. */
  send(method: string, path: string, body: unknown): Promise<Response>;
  /** Sends a request with the token and with headers that fetch() does not allow. */
  raw(
    headers: Record<string, string>,
    method?: string,
    path?: string,
  ): Promise<{ readonly status: number; readonly text: string }>;
  /** Sends the code of a new link, as the sign-in page does. */
  signIn(code?: string, headers?: Record<string, string>): Promise<Response>;
  /** Signs a browser in; returns the headers that its page sends with a change. */
  person(): Promise<Person>;
  /** Sends a JSON body as a signed-in page does. */
  asPerson(method: string, path: string, body?: unknown): Promise<Response>;
}

/** Headers of a signed-in page. */
export interface Person extends Record<string, string> {
  readonly Cookie: string;
  readonly 'X-ABP-Page-Key': string;
}

/** Starts a server that closes when the test has finished. */
export async function serveTest(options: ServeOptions = {}): Promise<TestServer> {
  const root = temporaryDirectory('http');
  const abp = wire({ PATH: process.env.PATH, ABP_STORAGE_PATH: join(root, 'batch.db'), ABP_AUTO_RECOVER: '0' });
  const server = await serveHttp(abp, { port: 0, assets: join(root, 'no-page'), ...options });
  onTestFinished(async () => {
    await server.close();
    abp.close();
  });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, { ...init, headers: { Authorization: `Bearer ${server.token}`, ...init.headers } });
  const signIn = (code = mintCode(abp.config.storagePath), headers: Record<string, string> = {}) =>
    fetch(`${server.url}/auth`, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams({ code }) });
  const person = async (): Promise<Person> => {
    const answer = await signIn();
    const { page_key } = (await answer.json()) as { page_key: string };
    return { Cookie: cookieOf(answer), 'X-ABP-Page-Key': page_key };
  };
  return {
    ...server,
    abp,
    root,
    ask,
    json: async <T>(path: string, init?: RequestInit) => (await (await ask(path, init)).json()) as T,
    send: (method, path, body) =>
      ask(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    raw: (headers, method = 'GET', path = '/api/jobs') =>
      new Promise((resolve, reject) => {
        const sent = request(server.url + path, {
          method,
          headers: { Authorization: `Bearer ${server.token}`, ...headers },
        });
        sent.on('error', reject);
        sent.on('response', (answer) => {
          textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
        });
        sent.end();
      }),
    signIn,
    person,
    asPerson: async (method, path, body = {}) => {
      const headers = { 'Content-Type': 'application/json', ...(await person()) };
      return fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
    },
  };
}

/** Returns the cookie of a response without its attributes. */
export function cookieOf(answer: Response): string {
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}
