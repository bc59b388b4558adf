import { join } from 'node:path';
import { describe } from 'vitest';
import { openFileBlobs } from '../../src/blobs/file.ts';
import { identify, provablyDead } from '../../src/workers/process/processes.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { blobStoreContract } from './blob-store.ts';

describe('blobs in a folder', () => {
  blobStoreContract(() => {
    const folder = join(temporaryDirectory('blobs'), 'blobs');
    const open = () => openFileBlobs(folder, { self: identify(process.pid), provablyDead });
    return { store: open(), elsewhere: open() };
  });
});
