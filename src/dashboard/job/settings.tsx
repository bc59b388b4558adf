import type { ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { moment } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Facts, factsOf } from '../parts/facts.tsx';
import { ForeignText } from '../parts/foreign-text.tsx';
import { Json } from '../parts/json.tsx';
import { Loaded } from '../parts/loading.tsx';
import { workerWords } from '../worker-words.ts';
import { EditPrompt } from './edit-prompt.tsx';
import { type Overview, type Settings, useSettings } from './use-job.ts';

const CAN_CHANGE: readonly string[] = ['created', 'testing', 'paused'];

type Revision = Settings['revisions'][number];

/** Settings of a job, of any revision. */
export function SettingsView({ job }: { readonly job: Overview }) {
  const settings = useSettings(job.job_id);
  const [search, setSearch] = useSearchParams();
  return (
    <Loaded query={settings}>
      {(all) => {
        const wanted = Number(search.get('revision') ?? all.revision);
        const shown = all.revisions.find(({ revision }) => revision === wanted) ?? all.revisions.at(-1);
        if (!shown) return null;
        return (
          <div className="columns side">
            <Instructions
              all={all}
              shown={shown}
              controls={
                <div className="row">
                  {all.revisions.length > 1 && (
                    <RevisionChoice of={all.revisions} shown={shown} onChoose={(revision) => setSearch({ revision })} />
                  )}
                  {CAN_CHANGE.includes(job.status) && <EditPrompt jobId={job.job_id} template={shown.template} />}
                </div>
              }
            />
            <Setup all={all} shown={shown} />
          </div>
        );
      }}
    </Loaded>
  );
}

function RevisionChoice({
  of,
  shown,
  onChoose,
}: {
  readonly of: readonly Revision[];
  readonly shown: Revision;
  readonly onChoose: (revision: string) => void;
}) {
  return (
    <label className="row small muted">
      Revision
      <select className="field" value={shown.revision} onChange={(event) => onChoose(event.target.value)}>
        {of.map(({ revision, note }) => (
          <option key={revision} value={revision}>
            {revision}
            {note ? ` – ${note.slice(0, 40)}` : ''}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What is asked of every unit, with controls beside the prompt. */
function Instructions({
  all,
  shown,
  controls,
}: {
  readonly all: Settings;
  readonly shown: Revision;
  readonly controls: ReactNode;
}) {
  return (
    <div className="stack">
      <Card title="Prompt template" aside={controls}>
        <ForeignText text={shown.template} />
      </Card>
      {shown.schema && (
        <Card title="Every result must satisfy">
          <Json value={shown.schema} label="Output schema" />
        </Card>
      )}
      <Card title="User intent">
        <p style={{ whiteSpace: 'pre-wrap' }}>{all.intent}</p>
      </Card>
    </div>
  );
}

/** What runs the units and within which limits, where they come from, and where results go. */
function Setup({ all, shown }: { readonly all: Settings; readonly shown: Revision }) {
  const { type, ...config } = all.source;
  const { directory } = all.output;
  return (
    <div className="stack">
      <Card title="Worker">
        <Facts of={factsOf(shown.worker)} />
      </Card>
      <Card title="Limits">
        <Facts of={factsOf(shown.limits)} />
      </Card>
      <Card title={`Source: ${type}`}>
        <Facts of={factsOf(config)} />
        {all.fields.length > 0 && (
          <p className="small muted" style={{ marginTop: '0.7rem' }}>
            Fields:{' '}
            {all.fields.slice(0, 60).map((field) => (
              <span key={field}>
                <span className="tag">{field}</span>{' '}
              </span>
            ))}
          </p>
        )}
      </Card>
      {all.post_processing && (
        <Card title="Post-processing">
          <Facts of={factsOf(all.post_processing)} />
        </Card>
      )}
      {all.output.path && (
        <Card title="Results at the end">
          <Facts of={factsOf(all.output)} />
        </Card>
      )}
      <Card title="Locations">
        <Facts
          of={[
            [`${workerWords(shown.worker.type).several} start in`, all.home ?? directory],
            [`${workerWords(shown.worker.type).several} write to`, directory],
            ...(all.batch_file ? [['batch file', all.batch_file] as const] : []),
            ['runs', all.run_directories],
            ['log', all.executor_log],
            ['this revision', moment(shown.created_at)],
            ['approval by', all.needs_person ? 'a person only' : 'a person or program'],
            ['secrets in results', all.redact_results ? 'removed' : 'stored'],
          ]}
        />
      </Card>
    </div>
  );
}
