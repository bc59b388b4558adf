import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

/** Who sent a request: a program that shows the token, or a browser in which a person signed in. */
export type Caller = 'program' | 'person';

/** What middleware finds out about a request. */
export interface HttpEnv {
  readonly Variables: { requestId: string; caller: Caller };
}

/** An id that is safe in logs, events and headers. */
const SANE_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Adopts a sane X-Request-Id, or makes one, and echoes it. */
export const requestId: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const given = c.req.header('X-Request-Id');
  const id = given !== undefined && SANE_ID.test(given) ? given : randomUUID();
  c.set('requestId', id);
  await next();
  c.header('X-Request-Id', id);
};
