import { Bot, CircleCheck, MessageSquare, Terminal, Wrench } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { jobPath } from '../api.ts';
import { oneLine } from '../format.ts';
import { type LogEntry, useAttemptLog, useInSight } from '../live.ts';
import { AgentText } from '../parts/agent-text.tsx';
import { ForeignText } from '../parts/foreign-text.tsx';

/** Entries rendered at first, from the end. */
const SHOWN = 200;

/** Conversation of an agent, growing while it runs. */
export function Conversation({
  jobId,
  unit,
  scope,
  attempt,
  running,
  withPrompt = true,
}: {
  readonly jobId: string;
  readonly unit: number;
  readonly scope: string;
  readonly attempt: number;
  readonly running: boolean;
  readonly withPrompt?: boolean;
}) {
  const talk = useRef<HTMLOListElement>(null);
  const address = `${jobPath(jobId)}/units/${unit}/attempts/${attempt}/log`;
  const { entries, ended } = useAttemptLog(address, scope, useInSight(talk));
  const [all, setAll] = useState(false);
  const end = useRef<HTMLLIElement>(null);
  useFollow(end, entries.length, ended);
  const relevant = withPrompt ? entries : entries.filter(({ role, seq }) => !(role === 'user' && seq === 0));
  const shown = all ? relevant : relevant.slice(-SHOWN);
  return (
    <>
      {shown.length < relevant.length && (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          Show {relevant.length - shown.length} earlier
        </button>
      )}
      <ol ref={talk} className="talk" aria-live="off">
        {shown.map((entry, at) => (
          // Entries are only ever added at the end, and several may share a seq.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={`${relevant.length - shown.length + at}`}>
            <Entry entry={entry} />
          </li>
        ))}
        <li ref={end} className="muted small">
          {!ended && (running ? <span className="badge blue live">at work</span> : 'Loading…')}
          {ended && relevant.length === 0 && 'No output.'}
        </li>
      </ol>
    </>
  );
}

/** Scrolls to new entries if the end is in sight; otherwise keeps the position. */
function useFollow(end: React.RefObject<HTMLElement | null>, length: number, ended: boolean): void {
  const seen = useRef(0);
  useEffect(() => {
    const grown = length > seen.current && seen.current > 0;
    seen.current = length;
    if (ended || !grown || !end.current) return;
    const below = end.current.getBoundingClientRect().top - window.innerHeight;
    if (below > -50 && below < 400) end.current.scrollIntoView({ block: 'end' });
  }, [end, length, ended]);
}

function Entry({ entry }: { readonly entry: LogEntry }) {
  const { role, kind, tool } = entry;
  const text = showUnseen(entry.text);
  if (kind === 'notice') return <p className="notice-line">{text}</p>;
  if (kind === 'tool_call') return <Fold icon={<Wrench aria-hidden />} name={tool ?? 'tool'} text={text} />;
  if (kind === 'tool_result')
    return (
      <Fold icon={<Terminal aria-hidden />} name={`${tool ?? 'tool'} answered`} text={text} images={entry.images} />
    );
  if (role === 'log') return <p className="log-line">{text}</p>;
  if (role === 'user') {
    return (
      <details className="tool">
        <summary>
          <MessageSquare aria-hidden />
          <span className="name">Prompt</span>
          <span className="clip muted small">{oneLine(text).slice(0, 200)}</span>
        </summary>
        <ForeignText text={text} />
      </details>
    );
  }
  const isResult = role === 'result';
  return (
    <div className={`say ${isResult ? 'result' : 'assistant'}`}>
      {isResult ? <CircleCheck aria-label="Result" /> : <Bot aria-label="Agent" />}
      <AgentText text={text} />
    </div>
  );
}

/** A tool call or its result, folded to one line. */
function Fold({
  icon,
  name,
  text,
  images = [],
}: {
  readonly icon: ReactNode;
  readonly name: string;
  readonly text: string;
  readonly images?: readonly string[] | undefined;
}) {
  return (
    <details className="tool" open={images.length > 0}>
      <summary>
        {icon}
        <span className="name">{name}</span>
        <span className="clip muted small mono">{text.replace(/\s+/g, ' ').slice(0, 200)}</span>
      </summary>
      {images.length > 0 && (
        <div className="gallery">
          {images.map((image, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an entry never changes
            <img key={at} src={image} alt={`${name}, ${at + 1} of ${images.length}`} />
          ))}
        </div>
      )}
      <ForeignText text={pretty(text)} />
    </details>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
