import { Columns2 } from 'lucide-react';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { duration, usd } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Status } from '../parts/status.tsx';
import { workerWords } from '../worker-words.ts';
import { AttemptFacts } from './attempt-facts.tsx';
import { Conversation } from './conversation.tsx';
import { type Attempt, type Detail, Result } from './result.tsx';

/** Tabs for the attempts of a unit, or for all of them side by side. */
export function AttemptTabs({
  attempts,
  chosen,
  beside,
  onChoose,
  onBeside,
}: {
  readonly attempts: readonly Attempt[];
  readonly chosen: Attempt | undefined;
  readonly beside: boolean;
  readonly onChoose: (attempt: number) => void;
  readonly onBeside: (beside: boolean) => void;
}) {
  return (
    <div className="row">
      <fieldset className="attempt-tabs">
        <legend className="hidden">Attempts</legend>
        {attempts.map((attempt) => (
          <button
            key={attempt.attempt}
            type="button"
            className="attempt-tab"
            aria-pressed={!beside && attempt === chosen}
            onClick={() => onChoose(attempt.attempt)}
          >
            <span className="row">
              <strong>Attempt {attempt.attempt}</strong> <Status of={attempt.status} note={attempt.failure_class} />
            </span>
            <span className="muted small num">
              {duration(attempt.duration_s)} · {usd(attempt.cost_usd)}
              {attempt.step ? ` · ${showUnseen(attempt.step)}` : ''}
              {attempt.purpose === 'test' ? ' · test' : ''}
            </span>
          </button>
        ))}
      </fieldset>
      <button type="button" className="button" aria-pressed={beside} onClick={() => onBeside(!beside)}>
        <Columns2 aria-hidden /> Side by side
      </button>
    </div>
  );
}

/** All attempts side by side, each with facts, result and conversation. */
export function SideBySide({ detail }: { readonly detail: Detail }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="beside" aria-label="Attempts side by side" tabIndex={0}>
      {detail.attempts.map((attempt) => (
        <div key={attempt.attempt} className="stack">
          <AttemptFacts attempt={attempt} />
          <AttemptResult detail={detail} attempt={attempt} />
        </div>
      ))}
    </section>
  );
}

/** Result and conversation of an attempt. */
export function AttemptResult({ detail, attempt }: { readonly detail: Detail; readonly attempt: Attempt }) {
  const { job_id: jobId, unit, scope } = detail;
  const running = attempt.status === 'running';
  const { doing, did } = workerWords(detail.worker_type);
  return (
    <>
      <Result jobId={jobId} detail={detail} attempt={attempt} />
      <Card title={running ? doing : did}>
        <Conversation
          key={attempt.attempt}
          jobId={jobId}
          unit={unit}
          scope={scope}
          attempt={attempt.attempt}
          running={running}
        />
      </Card>
    </>
  );
}
