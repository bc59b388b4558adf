import { splitUnseen } from '../../domain/unseen-characters.ts';

/** Code to be judged by a person; invisible characters are shown as marked codes. */
export function ForeignCode({ code }: { readonly code: string }) {
  return (
    <pre className="code">
      {splitUnseen(code).map(({ text, unseen }, at) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the code never changes
        unseen ? <mark key={at}>{text}</mark> : text,
      )}
    </pre>
  );
}
