import { splitUnseen } from '../../domain/unseen-characters.ts';

/** Code that a person is to judge: what could not be seen in it is named. */
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
