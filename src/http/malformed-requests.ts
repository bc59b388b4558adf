import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import type { Logger } from 'pino';
import { SECURITY_HEADERS } from './guard.ts';
import { HttpRefusal, problemAnswer } from './problem.ts';

/**
 * Answers requests that Node or the adapter cannot parse, and the app never sees, with problem documents; returns the
 * error handler of the adapter. They get a new request id, since their own was not read.
 */
export function answerMalformed(server: Server, log: Logger): (thrown: unknown) => Response {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => answers.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const current = answers.get(socket);
    const isAnswering = current?.headersSent === true && !current.writableFinished;
    if (!socket.writable || error.code === 'ECONNRESET' || isAnswering) {
      socket.destroy();
      return;
    }
    const { status, headers, body } = refuse(refusalOf(error));
    const lines = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`, () => socket.destroy());
  });
  return (thrown) => {
    const error = thrown instanceof RequestError ? unreadable(`Host or path: ${thrown.message}`) : thrown;
    const { body, ...init } = refuse(error);
    return new Response(body, init);
  };

  function refuse(error: unknown) {
    const id = randomUUID();
    const answer = problemAnswer(error, id);
    if (answer.status >= 500) log.error({ err: error, request_id: id }, 'request failed');
    else log.info({ request_id: id, status: answer.status, reason: (error as Error).message }, 'request not readable');
    return { ...answer, headers: { ...SECURITY_HEADERS, ...answer.headers, 'X-Request-Id': id } };
  }
}

/** Maps an error code of Node's parser. */
function refusalOf({ code, message }: NodeJS.ErrnoException): HttpRefusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpRefusal('headers_too_large', 'Expected at most 16 kB of headers, found more.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpRefusal('timeout', 'The request did not arrive in time.');
  return unreadable(message);
}

function unreadable(reason: string): HttpRefusal {
  return new HttpRefusal('malformed', `The request cannot be read (${reason}).`);
}
