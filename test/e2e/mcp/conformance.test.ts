import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect, it } from 'vitest';
import { serveHttp } from '../../../src/http/serve.ts';
import { createMcpHttpHandler } from '../../../src/mcp/http.ts';
import { wire } from '../../../src/wire.ts';
import { makePlace } from '../../interfaces/mcp/clients.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const place = makePlace(undefined, afterAll);
const abp = wire(place.environment);
place.onEnd(() => abp.close());
// The suite sends much that is to be refused; it looks at the answers.
const handler = createMcpHttpHandler(abp, { onError: () => undefined });
const server = await serveHttp(abp, { port: 0, mcp: handler.fetch });
place.onEnd(async () => {
  await handler.close();
  await server.close();
});
const url = await forwardWithToken(server.port, server.token);

/** The suite cannot send a token: what it sends goes through here, every header as it is, Host and Origin too. */
async function forwardWithToken(port: number, token: string): Promise<string> {
  const forwarder = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const { url: path, method } = incoming;
    const upstream = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve));
  place.onEnd(() => forwarder.closeAllConnections());
  place.onEnd(() => forwarder.close());
  return `http://127.0.0.1:${(forwarder.address() as AddressInfo).port}/mcp`;
}

it.each(['2026-07-28', '2025-11-25'])(
  'the conformance suite for revision %s finds nothing unexpected',
  async (revision) => {
    const suite = here('../node_modules/@modelcontextprotocol/conformance/dist/index.js');
    const baseline = here(`expected-failures-${revision}.yml`);
    const args = [suite, 'server', '--url', url, '--requirements', revision, '--expected-failures', baseline];
    const { exitCode, all } = await execa(process.execPath, args, {
      env: { HOME: place.root, PATH: process.env.PATH ?? '' },
      extendEnv: false,
      reject: false,
      all: true,
    });
    expect(exitCode, all).toBe(0);
    expect(all).toMatch(/✓ tools-list: \d+ passed, 0 failed/);
  },
);
