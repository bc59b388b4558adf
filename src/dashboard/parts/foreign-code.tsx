/** Controls, marks that turn the direction of what follows, and characters that show nothing: code can hide behind them. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/u;
const SEEN_ENOUGH: readonly string[] = ['\n', '\t'];

/** Code that a person is to judge: what could not be seen in it is named. */
export function ForeignCode({ code }: { readonly code: string }) {
  const parts = code.replaceAll('\r\n', '\n').split(new RegExp(`(${UNSEEN.source})`, 'u'));
  return (
    <pre className="code">
      {parts.map((part, at) =>
        UNSEEN.test(part) && !SEEN_ENOUGH.includes(part) ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the code never changes
          <mark key={at}>{`U+${(part.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`}</mark>
        ) : (
          part
        ),
      )}
    </pre>
  );
}
