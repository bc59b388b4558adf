import { ReadStream } from 'node:tty';

/** The byte of Ctrl-C in raw mode. */
export const CTRL_C = 0x03;

/** A terminal in raw mode, without echo; `close` restores its mode. */
export interface Keyboard {
  close(): void;
}

/**
 * Reads the keys of the terminal on stdin, byte by byte, until `onKey` returns false. Bytes after that are not read, not even
 * those of the same packet, so that the next reader of the terminal gets them.
 */
export function openKeyboard(onKey: (key: number) => boolean): Keyboard {
  const one = Buffer.alloc(1);
  let stream: ReadStream | null = null;
  const close = () => {
    const open = stream;
    stream = null;
    open?.setRawMode(false);
    open?.destroy();
  };
  stream = new ReadStream(0, {
    onread: {
      buffer: one,
      callback: () => {
        const continues = stream !== null && onKey(one[0] ?? 0);
        if (!continues) close();
        return continues;
      },
    },
  });
  stream.on('error', close);
  stream.setRawMode(true);
  stream.resume();
  return { close };
}
