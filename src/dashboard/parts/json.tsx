import type { ReactNode } from 'react';
import { showUnseen } from '../../domain/unseen-characters.ts';

/** JSON, indented and coloured; every piece of it is text of the page. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  const text = showUnseen(value === undefined ? 'nothing' : JSON.stringify(value, null, 2));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a <section> around each would say no more
    <pre className="code json" tabIndex={0} role="region" aria-label={label}>
      {text.length > 50_000 ? text : colored(text)}
    </pre>
  );
}

const TOKEN = /("(?:[^"\\]|\\.)*")(:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;

function colored(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon = ''] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    const kind = string === undefined ? 'literal' : colon === '' ? 'string' : 'key';
    parts.push(
      <span key={match.index} className={kind}>
        {string ?? whole}
      </span>,
      colon,
    );
  }
  parts.push(text.slice(end));
  return parts;
}
