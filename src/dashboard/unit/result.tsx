import { Download } from 'lucide-react';
import { jobPath, type Output } from '../api.ts';
import { bytes } from '../format.ts';
import { pageWords } from '../hint-words.ts';
import { AgentText } from '../parts/agent-text.tsx';
import { Card } from '../parts/card.tsx';
import { ForeignText } from '../parts/foreign-text.tsx';
import { Json } from '../parts/json.tsx';

export type Detail = Output<'get_unit'>;
export type Attempt = Detail['attempts'][number];

const IMAGE = /\.(png|jpe?g|gif|webp|svg)$/i;

/** Result of an attempt, or why it failed. */
export function Result({
  jobId,
  detail,
  attempt,
}: {
  readonly jobId: string;
  readonly detail: Detail;
  readonly attempt: Attempt;
}) {
  const { result, message } = attempt;
  if (!result) {
    if (!message) return null;
    return (
      <Card title="Why it failed">
        <div className="stack">
          <ForeignText text={message} />
          {detail.failure && <p className="muted">{pageWords(detail.failure.advice)}</p>}
        </div>
      </Card>
    );
  }
  const { text, structured, artifacts } = result;
  const saysMore = text !== null && text.trim() !== '' && !isJson(text);
  return (
    <>
      <Card title="Result">
        <div className="stack">
          {structured !== undefined && <Json value={structured} label="Result as JSON" />}
          {saysMore && <AgentText text={text} />}
          {structured === undefined &&
            !saysMore &&
            (text ? <ForeignText text={text} /> : <p className="empty">Completed without output.</p>)}
        </div>
      </Card>
      {artifacts.length > 0 && (
        <Card title="Created files">
          <Artifacts jobId={jobId} detail={detail} attempt={attempt} artifacts={artifacts} />
        </Card>
      )}
    </>
  );
}

function Artifacts({
  jobId,
  detail,
  attempt,
  artifacts,
}: {
  readonly jobId: string;
  readonly detail: Detail;
  readonly attempt: Attempt;
  readonly artifacts: NonNullable<Attempt['result']>['artifacts'];
}) {
  const address = (path: string) =>
    `${jobPath(jobId)}/units/${detail.unit}/attempts/${attempt.attempt}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}?scope=${detail.scope}`;
  const images = artifacts.filter(({ path }) => IMAGE.test(path)).slice(0, 24);
  return (
    <>
      {images.length > 0 && (
        <div className="gallery">
          {images.map(({ path }) => (
            <a key={path} href={address(path)} download>
              <img src={address(path)} alt={path} loading="lazy" />
            </a>
          ))}
        </div>
      )}
      <ul className="artifacts">
        {artifacts.map(({ path, bytes: size }) => (
          <li key={path} className="spread">
            <a className="clip mono small" href={address(path)} download>
              <Download aria-hidden size={13} /> {path}
            </a>
            <span className="muted small num">{bytes(size)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
