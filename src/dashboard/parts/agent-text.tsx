import { lazy } from 'react';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { ForeignText } from './foreign-text.tsx';
import { LazyPart } from './lazy-part.tsx';

const AgentMarkdown = lazy(async () => ({ default: (await import('./markdown.tsx')).AgentMarkdown }));

/** Longer text is shown unformatted: laying out a megabyte of Markdown would freeze the page. */
const MAX_MARKDOWN_CHARS = 60_000;

/** Text of an agent, as Markdown. */
export function AgentText({ text: written }: { readonly text: string }) {
  if (written.length > MAX_MARKDOWN_CHARS) return <ForeignText text={written} />;
  const text = showUnseen(written);
  return (
    <LazyPart waiting={<div className="markdown">{text}</div>}>
      <AgentMarkdown text={text} />
    </LazyPart>
  );
}
