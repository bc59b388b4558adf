/**
 * Marks undecodable bytes for readers that check their records: an unpaired high surrogate, which almost no text
 * contains, so that searching for it is cheap.
 */
const UNDECODABLE = '\udbff';

const REPLACEMENT = '\ufffd';
const UTF8_REPLACEMENT = Buffer.from(REPLACEMENT);

/** Facts about a text, updated while it is read. */
export class TextFaults {
  /** From the config or the byte order mark. */
  encoding = 'utf-8';
  /** True if undecodable bytes have been read so far. */
  undecodable = false;
}

/** Decodes chunks of bytes. */
export interface Decoder {
  /** Name as TextDecoder reports it. */
  readonly encoding: string;
  /** Decodes a chunk; null = end of input. Throws TypeError for undecodable bytes unless they are marked. */
  decode(chunk: Buffer | null): string;
}

/** Creates a strict decoder; with `faults`, undecodable bytes are marked instead (see hasUndecodable). */
export function decoderOf(encoding: string, faults: TextFaults | undefined): Decoder {
  const strict = new TextDecoder(encoding, { fatal: true });
  let lenient: InstanceType<typeof TextDecoder> | null = null;
  let before: Buffer = Buffer.alloc(0);

  return {
    encoding: strict.encoding,
    decode(chunk) {
      if (lenient) return decodeMarked(lenient, chunk);
      try {
        const text = chunk === null ? strict.decode() : strict.decode(chunk, { stream: true });
        before = chunk ?? before;
        return text;
      } catch (error) {
        if (!faults) throw error;
        faults.undecodable = true;
      }
      lenient = new TextDecoder(encoding);
      // The chunk before may end within a character.
      lenient.decode(before, { stream: true });
      return decodeMarked(lenient, chunk);
    },
  };
}

/** Checks whether a text contains marks of undecodable bytes. */
export function hasUndecodable(text: string): boolean {
  return text.includes(UNDECODABLE) && !text.isWellFormed();
}

/** Replaces the marks of undecodable bytes. */
export function markUndecodable(text: string, mark: string): string {
  return hasUndecodable(text) ? text.replaceAll(/\udbff(?![\udc00-\udfff])/g, mark) : text;
}

/** Decodes faults as UNDECODABLE but keeps a U+FFFD that is in the text itself; in UTF-8 its bytes tell them apart. */
function decodeMarked(decoder: InstanceType<typeof TextDecoder>, chunk: Buffer | null): string {
  if (chunk === null) return decoder.decode().replaceAll(REPLACEMENT, UNDECODABLE);
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at >= 0; from = at + UTF8_REPLACEMENT.length) {
    at = decoder.encoding === 'utf-8' ? chunk.indexOf(UTF8_REPLACEMENT, from) : -1;
    const part = chunk.subarray(from, at < 0 ? chunk.length : at);
    parts.push(decoder.decode(part, { stream: true }).replaceAll(REPLACEMENT, UNDECODABLE));
    if (at < 0) break;
  }
  return parts.join(REPLACEMENT);
}
