import { lazy } from 'react';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { ForeignText } from './foreign-text.tsx';
import { Later } from './later.tsx';

const AgentMarkdown = lazy(async () => ({ default: (await import('./markdown.tsx')).AgentMarkdown }));

/** Beyond this, text is shown as it is: to lay out a megabyte of Markdown would stop the page. */
const MAX_MARKDOWN_CHARS = 60_000;

/** What an agent wrote. */
export function AgentText({ text: written }: { readonly text: string }) {
  if (written.length > MAX_MARKDOWN_CHARS) return <ForeignText text={written} />;
  const text = showUnseen(written);
  return (
    <Later waiting={<div className="markdown">{text}</div>}>
      <AgentMarkdown text={text} />
    </Later>
  );
}
