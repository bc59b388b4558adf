import { closeSync, fstatSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';

/** Marks a SQLite file as ours (`PRAGMA application_id`): "ABP1". */
export const APPLICATION_ID = 0x41425031;

/** Fields of a database's first page, its log included: read without SQLite, which would change the file. */
export interface FileHeader {
  readonly applicationId: number;
  readonly userVersion: number;
  /** Grows with every change of the schema; 0 = no table was ever made. */
  readonly schemaCookie: number;
}

/** Absolute path of the file itself: SQLite puts its log beside that, not beside a link to it. */
export function fileItself(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Size in bytes; 0 where there is no such file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

const MAGIC = 'SQLite format 3\0';
/** https://sqlite.org/fileformat2.html: 1.3 the database header, 4.1 the log. Numbers are big-endian. */
const HEADER_BYTES = 100;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** null = no SQLite database. The file has at least one byte. */
export function readHeader(path: string): FileHeader | null {
  const page = lastOfFirstPage(path) ?? readStart(path, HEADER_BYTES);
  if (!isFirstPage(page)) return null;
  return {
    applicationId: page.readUInt32BE(68),
    userVersion: page.readUInt32BE(60),
    schemaCookie: page.readUInt32BE(40),
  };
}

/**
 * The whole database with its log merged in, for `new Database(image)`: what can still be read where SQLite itself would
 * have to write (a read-only or full disk). A snapshot: later writes of other processes are not in it.
 */
export function readImage(path: string): Buffer {
  const file = readFileSync(path);
  const pages = new Map<number, Buffer>();
  let pageCount = 0;
  let pageBytes = 0;
  const pending = new Map<number, Buffer>();
  for (const { number, read, committed } of framesOf(path)) {
    const page = read();
    pending.set(number, page);
    pageBytes = page.length;
    if (committed === 0) continue;
    for (const [at, content] of pending) pages.set(at, content);
    pending.clear();
    pageCount = committed;
  }
  const image = pageCount === 0 ? file : Buffer.alloc(pageCount * pageBytes);
  if (image !== file) file.copy(image);
  for (const [number, page] of pages) if (number <= pageCount) page.copy(image, (number - 1) * pageBytes);
  // Read and write version 1: a database in memory has no log.
  image[18] = image[19] = 1;
  return image;
}

function isFirstPage(page: Buffer): boolean {
  return page.length >= HEADER_BYTES && page.toString('latin1', 0, MAGIC.length) === MAGIC;
}

/** The newest committed first page of the log; null when it holds none. */
function lastOfFirstPage(path: string): Buffer | null {
  let pending: Buffer | null = null;
  let found: Buffer | null = null;
  for (const { number, read, committed } of framesOf(path)) {
    if (number === 1) pending = read();
    if (committed > 0 && pending !== null && isFirstPage(pending)) found = pending;
  }
  return found;
}

/** `read` its page while the loop is at it. */
interface Frame {
  /** From 1. */
  readonly number: number;
  readonly read: () => Buffer;
  /** Pages of the database after the commit that ends here; 0 = the commit comes later. */
  readonly committed: number;
}

/** The frames of the log's present round, in order; none where there is no log. */
function* framesOf(path: string): Generator<Frame> {
  const wal = `${path}-wal`;
  if (sizeOf(wal) <= WAL_HEADER_BYTES) return;
  const fd = openSync(wal, 'r');
  try {
    const header = Buffer.alloc(WAL_HEADER_BYTES);
    readSync(fd, header, 0, WAL_HEADER_BYTES, 0);
    const pageBytes = header.readUInt32BE(8);
    if (pageBytes < 512 || pageBytes > 65_536) return;
    const { size } = fstatSync(fd);
    const frameBytes = FRAME_HEADER_BYTES + pageBytes;
    const frame = Buffer.alloc(FRAME_HEADER_BYTES);
    for (let at = WAL_HEADER_BYTES; at + frameBytes <= size; at += frameBytes) {
      readSync(fd, frame, 0, FRAME_HEADER_BYTES, at);
      // Frames of an earlier round carry its salt.
      if (frame.compare(header, 16, 24, 8, 16) !== 0) return;
      const read = () => {
        const page = Buffer.alloc(pageBytes);
        readSync(fd, page, 0, pageBytes, at + FRAME_HEADER_BYTES);
        return page;
      };
      yield { number: frame.readUInt32BE(0), read, committed: frame.readUInt32BE(4) };
    }
  } finally {
    closeSync(fd);
  }
}

function readStart(path: string, bytes: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(fd, buffer, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}
