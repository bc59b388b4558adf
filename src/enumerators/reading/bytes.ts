import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

const CHUNK_BYTES = 64 * 1024;

/** How a file is compressed: its name, and its first bytes (RFC 1952; RFC 8878, where a skippable frame may come first). */
interface Compression {
  readonly name: 'gzip' | 'zstd';
  readonly begins: (start: Buffer) => boolean;
  readonly create: () => Gunzip | ZstdDecompress;
}

const COMPRESSIONS: readonly Compression[] = [
  {
    name: 'gzip',
    begins: (start) => start.readUInt16BE(0) === 0x1f8b,
    create: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  },
  {
    name: 'zstd',
    begins: (start) => start.readUInt32LE(0) === 0xfd2fb528 || start.readUInt32LE(0) >>> 4 === 0x184d2a5,
    create: () => createZstdDecompress({ chunkSize: CHUNK_BYTES }),
  },
];

/** What a name may end with where its file is compressed. */
export const COMPRESSED_ENDING = /\.(?:gz|gzip|zst|zstd)$/i;

/** A compressed file that is cut off or damaged; what came before the fault was given. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';

  readonly compression: Compression['name'];

  constructor(compression: Compression['name'], cause: Error) {
    super(cause.message, { cause });
    this.compression = compression;
  }
}

/**
 * The bytes of a file in chunks of at most 64 KiB, decompressed when its first bytes say gzip or zstd, whatever its name is;
 * so memory does not grow with what they decompress to. Null = no regular file. Throws DamagedFile and errors of the system.
 */
export async function openBytes(path: string): Promise<AsyncIterable<Buffer> | null> {
  const stats = await stat(path);
  if (!stats.isFile()) return null;
  const start = await firstBytes(path);
  const compression = COMPRESSIONS.find(({ begins }) => begins(start));
  if (!compression) return createReadStream(path, { highWaterMark: CHUNK_BYTES });
  return decompress(path, stats.size, compression);
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const start = Buffer.alloc(4);
    await file.read(start, 0, start.length, 0);
    return start;
  } finally {
    await file.close();
  }
}

/** Frame by frame: Node's streams end with the first frame of zstd (`pzstd` and `cat` write several), and with gzip's last member. */
async function* decompress(path: string, size: number, { name, create }: Compression): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    const file = createReadStream(path, { start: at, highWaterMark: CHUNK_BYTES });
    const stream = create();
    file.on('error', (error) => stream.destroy(error));
    stream.on('close', () => file.destroy());
    // One that comes once it has ended is about the next frame, which is read by itself.
    stream.on('error', () => {});
    try {
      yield* file.pipe(stream) as AsyncIterable<Buffer>;
    } catch (error) {
      const isSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
      throw isSystem ? error : new DamagedFile(name, error as Error);
    }
    at += stream.bytesWritten;
    if (stream.bytesWritten === 0) throw new DamagedFile(name, new Error('nothing that decompresses'));
    if (name === 'gzip' && (await isPadding(path, at))) return;
  }
}

/** Whether only zeros follow, as on tapes. */
async function isPadding(path: string, from: number): Promise<boolean> {
  for await (const chunk of createReadStream(path, { start: from, highWaterMark: CHUNK_BYTES })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
  }
  return true;
}
