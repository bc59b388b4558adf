/**
 * What stands for bytes that do not decode, where who reads judges them: the first half of a surrogate pair, without the
 * second. As such a half it is in nearly no text, so that looking for it costs little.
 */
const UNDECODABLE = '\udbff';

const REPLACEMENT = '\ufffd';
const UTF8_REPLACEMENT = Buffer.from(REPLACEMENT);

/** What is known of a text while it is read. */
export class TextFaults {
  /** As the config or a mark says. */
  encoding = 'utf-8';
  /** Whether some of what was read up to now does not decode. */
  undecodable = false;
}

/** Decodes bytes that come in chunks. */
export interface Decoder {
  /** As TextDecoder names it. */
  readonly encoding: string;
  /** The text of a chunk; null: the end of all. Throws TypeError at bytes that do not decode, unless they are kept. */
  decode(chunk: Buffer | null): string;
}

/** A strict decoder; with `faults`, what does not decode is marked, as hasUndecodable tells. */
export function decoderOf(encoding: string, faults: TextFaults | undefined): Decoder {
  const strict = new TextDecoder(encoding, { fatal: true });
  let lenient: InstanceType<typeof TextDecoder> | null = null;
  let before: Buffer = Buffer.alloc(0);

  return {
    encoding: strict.encoding,
    decode(chunk) {
      if (lenient) return marked(lenient, chunk);
      try {
        const text = chunk === null ? strict.decode() : strict.decode(chunk, { stream: true });
        before = chunk ?? before;
        return text;
      } catch (error) {
        if (!faults) throw error;
        faults.undecodable = true;
      }
      lenient = new TextDecoder(encoding);
      // The first bytes of a character may be in the chunk before.
      lenient.decode(before, { stream: true });
      return marked(lenient, chunk);
    },
  };
}

/** Whether some of this text stands for bytes that do not decode. */
export function hasUndecodable(text: string): boolean {
  return text.includes(UNDECODABLE) && !text.isWellFormed();
}

/** A text with another mark for bytes that do not decode. */
export function markUndecodable(text: string, mark: string): string {
  return hasUndecodable(text) ? text.replaceAll(/\udbff(?![\udc00-\udfff])/g, mark) : text;
}

/** Decodes with UNDECODABLE for faults, not for U+FFFD that the text itself has in UTF-8, where bytes tell them apart. */
function marked(decoder: InstanceType<typeof TextDecoder>, chunk: Buffer | null): string {
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
