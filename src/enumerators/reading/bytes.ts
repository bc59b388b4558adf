import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

const CHUNK_BYTES = 64 * 1024;

/** A compression format and how its first bytes look (RFC 1952; RFC 8878, where a skippable frame may come first). */
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

/** File name endings of compressed files. */
export const COMPRESSED_ENDING = /\.(?:gz|gzip|zst|zstd)$/i;

/** A compressed file is truncated or damaged; the data before the fault was delivered. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';

  readonly compression: Compression['name'];

  constructor(compression: Compression['name'], cause: Error) {
    super(cause.message, { cause });
    this.compression = compression;
  }
}

/**
 * Opens a file as chunks of at most 64 KiB, decompressed if its first bytes are gzip or zstd, whatever its name, so
 * that memory does not grow with the decompressed size. Null if it is not a regular file. Throws DamagedFile and system
 * errors.
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

/**
 * Decompresses frame by frame: Node's streams end after the first zstd frame (`pzstd` and `cat` write several) and
 * after the last gzip member.
 */
async function* decompress(path: string, size: number, { name, create }: Compression): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    const file = createReadStream(path, { start: at, highWaterMark: CHUNK_BYTES });
    const stream = create();
    file.on('error', (error) => stream.destroy(error));
    stream.on('close', () => file.destroy());
    // An error after the end concerns the next frame, which is read separately.
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

/** Checks whether only zero padding follows, as on tapes. */
async function isPadding(path: string, from: number): Promise<boolean> {
  for await (const chunk of createReadStream(path, { start: from, highWaterMark: CHUNK_BYTES })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
  }
  return true;
}
