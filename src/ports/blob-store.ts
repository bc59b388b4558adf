import type { Readable } from 'node:stream';
import type { Deleted } from '../domain/answers.ts';
import type { ByteRange, StoredBlob } from '../domain/blob.ts';

/**
 * The port to blobs: files that outlive their run (artifacts, transcripts). A key is `<job>/<part>/…/<n>`
 * (`requireBlobKey`), made by ABP, never from a file's name; two keys never differ in case only, and a part of which a job
 * has many begins with a number. File names, media types and hashes are in database rows.
 *
 * Errors of the store are AbpErrors: `busy` = try again later; `environment` = refused until a person acts, with
 * `details.disk: true` where no room is left.
 */
export interface BlobStore {
  /**
   * Stores a blob, or replaces it whole. `source` opens its bytes from the beginning: a driver may call it again, and does
   * not know the size before the end. Resolves when the blob is durable; until then every reader finds what was there before,
   * also after a crash. Holds some MB at most. An error of the source is thrown as it is; an abort throws the signal's reason
   * and destroys the source; neither stores anything.
   */
  put(key: string, source: () => Readable, signal?: AbortSignal): Promise<StoredBlob>;
  /**
   * Opens a blob, or a part of it. Read the stream to its end or destroy it. It gives all bytes of one version, or fails: also
   * when the blob is replaced or deleted meanwhile. Throws AbpError `not_found`, or `invalid_input` for a range outside of the
   * blob (`rangeWithin`).
   */
  get(key: string, range?: ByteRange): Promise<Readable>;
  /** Returns the size in bytes; null = no such blob. */
  stat(key: string): Promise<number | null>;
  /**
   * Deletes about 1,000 blobs of those meant: the one with this key, and those whose keys continue it after a `/`. `left` =
   * call again; in between, other work runs and the caller may stop.
   */
  delete(prefix: string): Promise<Deleted>;
  /**
   * Returns a URL, valid for some seconds, from which a browser downloads the blob as a file of this name and type, never shown
   * in the page. Absent = the driver has none; interfaces send the bytes.
   */
  link?(
    key: string,
    file: { readonly name: string; readonly mediaType: string; readonly seconds: number },
  ): Promise<string>;
}
