import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { lockPath, releaseLock, takeLock } from '../../supervision/server-lock.ts';
import { identify } from '../../workers/process/processes.ts';
import { IN_PROCESS, operation } from '../operation.ts';

/** Records this process as the one server of the store. */
export const claimServer = operation({
  name: 'claim_server',
  title: 'Become the server of the store',
  interfaces: IN_PROCESS,
  description:
    'Records this process with its address and token as the server of the store; release removes the record. Throws already_exists with the address of a living server.',
  input: z.strictObject({ url: z.string(), port: z.int(), token: z.string() }),
  output: z.object({ release: z.custom<() => void>() }),
  effect: 'write',
  async run({ repository, places }, server) {
    const lock = lockPath(places.database);
    const record = { ...identify(process.pid), ...server, servingSince: new Date().toISOString() };
    // The transaction is a mutex: of two processes that find the record of a dead server, one replaces it.
    const living = await repository.transaction(
      'store',
      () => new Promise<ReturnType<typeof takeLock>>((resolve) => resolve(takeLock(lock, record))),
    );
    if (living === null) return { release: () => releaseLock(lock, record) };
    throw new AbpError('already_exists', `This store already has a server: ${living.url} (pid ${living.pid}).`, {
      hint: 'Use that server, or stop it first.',
      details: { url: living.url, pid: living.pid },
    });
  },
});
