import { ReadStream } from 'node:tty';

/** What Ctrl-C sends while a terminal gives its keys to us one by one. */
export const CTRL_C = 0x03;

/** The keys of a terminal, one by one and not shown; `close` gives the terminal back as it was. */
export interface Keyboard {
  close(): void;
}

/**
 * Reads the keys of the terminal on stdin, byte by byte, until `onKey` returns false: what is typed after that is not read,
 * not even what has come with the same packet, so that it is there for whoever reads the terminal next.
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
        const goesOn = stream !== null && onKey(one[0] ?? 0);
        if (!goesOn) close();
        return goesOn;
      },
    },
  });
  stream.on('error', close);
  stream.setRawMode(true);
  stream.resume();
  return { close };
}
