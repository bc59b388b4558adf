import { Fragment, type ReactNode } from 'react';
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

const NO_STEP = { worker: { type: 'unknown' } };

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
              canChange={CAN_CHANGE.includes(job.status)}
              controls={
                <div className="row">
                  {all.revisions.length > 1 && (
                    <RevisionChoice of={all.revisions} shown={shown} onChoose={(revision) => setSearch({ revision })} />
                  )}
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

/** What the steps are asked to do, with controls beside the prompts. */
function Instructions(props: {
  readonly all: Settings;
  readonly shown: Revision;
  readonly canChange: boolean;
  readonly controls: ReactNode;
}) {
  const { all, shown, canChange, controls } = props;
  const several = shown.steps.length > 1;
  return (
    <div className="stack">
      {controls}
      {shown.steps.map(({ name, template, schema, worker }) => (
        <Fragment key={name}>
          <Card
            title={several ? `Step ${name}: prompt template` : 'Prompt template'}
            aside={canChange && <EditPrompt jobId={all.job_id} step={name} template={template} />}
          >
            <ForeignText text={template} />
          </Card>
          {schema && (
            <Card title={several ? `Every result of ${name} must satisfy` : 'Every result must satisfy'}>
              <Json value={schema} label={`Output schema of ${name}`} />
            </Card>
          )}
          {several && (
            <Card title={`Worker of ${name}`}>
              <Facts of={factsOf(worker)} />
            </Card>
          )}
        </Fragment>
      ))}
      {all.intent && (
        <Card title="User intent">
          <p style={{ whiteSpace: 'pre-wrap' }}>{all.intent}</p>
        </Card>
      )}
    </div>
  );
}

/** What runs the units and within which limits, where they come from, and where results go. */
function Setup({ all, shown }: { readonly all: Settings; readonly shown: Revision }) {
  const { type, ...config } = all.source;
  const { directory } = all.output;
  const [{ worker } = NO_STEP, ...others] = shown.steps;
  return (
    <div className="stack">
      {others.length === 0 && (
        <Card title="Worker">
          <Facts of={factsOf(worker)} />
        </Card>
      )}
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
      {all.output.path && (
        <Card title="Results at the end">
          <Facts of={factsOf(all.output)} />
        </Card>
      )}
      <Card title="Locations">
        <Facts
          of={[
            [`${workerWords(worker.type).several} start in`, all.home ?? directory],
            [`${workerWords(worker.type).several} write to`, directory],
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
