import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { jobPath, read } from '../api.ts';
import { useJobEvents } from '../live.ts';
import { Card } from '../parts/card.tsx';
import { Json } from '../parts/json.tsx';
import { Loaded } from '../parts/loading.tsx';
import { useTitle } from '../parts/use-title.ts';
import { workerWords } from '../worker-words.ts';
import { AttemptFacts } from './attempt-facts.tsx';
import { AttemptResult, AttemptTabs, SideBySide } from './attempts.tsx';
import { Prompt } from './prompt.tsx';
import type { Detail } from './result.tsx';
import { UnitTitle } from './unit-title.tsx';

/** A unit: payload, prompt, attempts and results. */
export function UnitPage({
  jobId,
  unit,
  scope,
}: {
  readonly jobId: string;
  readonly unit: number;
  readonly scope: Detail['scope'];
}) {
  useJobEvents(jobId);
  const detail = useQuery({
    queryKey: ['job', jobId, 'unit', scope, unit],
    queryFn: () => read<Detail>(`${jobPath(jobId)}/units/${unit}`, { scope, details: 'true' }),
  });
  return <Loaded query={detail}>{(data) => <Unit detail={data} />}</Loaded>;
}

function Unit({ detail }: { readonly detail: Detail }) {
  const { attempts, scope } = detail;
  const [search, setSearch] = useSearchParams();
  const wanted = search.get('attempt') ?? '';
  const beside = wanted === 'all' && attempts.length > 1;
  const chosen = attempts.find(({ attempt }) => String(attempt) === wanted) ?? attempts.at(-1);
  useTitle(`${detail.key} · ${detail.job_name} · ABP`);
  const payload = (
    <Card title={scope === 'job' ? 'Input' : 'Payload'}>
      <Json value={detail.payload} label="Payload as JSON" />
    </Card>
  );
  const prompt = detail.prompt && (
    <Card title="Prompt">
      <Prompt prompt={detail.prompt} />
    </Card>
  );
  return (
    <>
      <UnitTitle detail={detail} />
      {attempts.length > 1 && (
        <AttemptTabs
          attempts={attempts}
          chosen={chosen}
          beside={beside}
          onChoose={(attempt) => setSearch({ attempt: String(attempt) })}
          onBeside={(all) => setSearch(all ? { attempt: 'all' } : {})}
        />
      )}
      {beside ? (
        <>
          <SideBySide detail={detail} />
          <div className="columns">
            <div className="stack">{prompt}</div>
            <div className="stack">{payload}</div>
          </div>
        </>
      ) : (
        <div className="columns side">
          <div className="stack">
            {chosen ? (
              <AttemptResult detail={detail} attempt={chosen} />
            ) : (
              <Card title={workerWords(detail.worker_type).did}>
                <p className="empty">No attempt yet.</p>
              </Card>
            )}
            {prompt}
          </div>
          <div className="stack">
            {chosen && <AttemptFacts attempt={chosen} />}
            {payload}
          </div>
        </div>
      )}
    </>
  );
}
