import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

/**
 * Who sent a request. `token`: a program, or a model that has one; never a person. `person`: the page in which a person
 * signed in. `reader`: who shows the cookie of that page alone, which every other port of its host gets from the browser.
 */
export type Caller = 'token' | 'person' | 'reader';

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
