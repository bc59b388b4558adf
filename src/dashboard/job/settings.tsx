import { Pencil } from 'lucide-react';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { moment } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { Facts, factsOf } from '../parts/facts.tsx';
import { ForeignText } from '../parts/foreign-text.tsx';
import { Json } from '../parts/json.tsx';
import { Loaded } from '../parts/loading.tsx';
import { workerWords } from '../worker-words.ts';
import { type Overview, useAct, useSettings } from './use-job.ts';

const CAN_CHANGE: readonly string[] = ['created', 'testing', 'paused'];

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
            <div className="stack">
              <Card
                title="Prompt template"
                aside={
                  <div className="row">
                    {all.revisions.length > 1 && (
                      <label className="row small muted">
                        Revision
                        <select
                          className="field"
                          value={shown.revision}
                          onChange={(event) => setSearch({ revision: event.target.value })}
                        >
                          {all.revisions.map(({ revision, note }) => (
                            <option key={revision} value={revision}>
                              {revision}
                              {note ? ` – ${note.slice(0, 40)}` : ''}
                            </option>
                          ))}
                        </select>
                      </label>
                    )}
                    {CAN_CHANGE.includes(job.status) && <EditPrompt jobId={job.job_id} template={shown.template} />}
                  </div>
                }
              >
                <ForeignText text={shown.template} />
              </Card>
              {shown.output_schema && (
                <Card title="Every result must satisfy">
                  <Json value={shown.output_schema} label="Output schema" />
                </Card>
              )}
              <Card title="User intent">
                <p style={{ whiteSpace: 'pre-wrap' }}>{all.user_intent}</p>
              </Card>
            </div>
            <div className="stack">
              <Card title="Worker">
                <Facts of={factsOf(shown.worker)} />
              </Card>
              <Card title="Limits">
                <Facts of={factsOf(shown.limits)} />
              </Card>
              <Card title={`Source: ${all.enumerator_type}`}>
                <Facts of={factsOf(all.enumerator_config)} />
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
              {all.output && (
                <Card title="Results at the end">
                  <Facts of={factsOf(all.output)} />
                </Card>
              )}
              <Card title="Locations">
                <Facts
                  of={[
                    [`${workerWords(shown.worker.type).several} start in`, all.home ?? all.output_directory],
                    [`${workerWords(shown.worker.type).several} write to`, all.output_directory],
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
          </div>
        );
      }}
    </Loaded>
  );
}

/** Dialog that creates a new revision of the prompt; this discards a waiting test. */
export function EditPrompt({
  jobId,
  template,
  testAgain = false,
  allowFirst = false,
}: {
  readonly jobId: string;
  readonly template: string;
  readonly testAgain?: boolean;
  /** The change must be approved before it is tested. */
  readonly allowFirst?: boolean;
}) {
  const act = useAct(jobId);
  const [text, setText] = useState(template);
  const [note, setNote] = useState('');
  const save = async () => {
    const body = { prompt_template: text, ...(note ? { note } : {}) };
    if (!(await act('Saved as a new revision of the prompt.', '', body, 'PATCH'))) return false;
    return testAgain && !allowFirst ? act('The test has started again.', 'start', { wait_seconds: 0 }) : true;
  };
  return (
    <ConfirmButton
      className="button small"
      trigger={
        <>
          <Pencil aria-hidden /> Edit{testAgain ? ' prompt' : ''}
        </>
      }
      title={testAgain ? 'Edit the prompt and test again' : 'Edit the prompt'}
      action={testAgain && !allowFirst ? 'Save and test again' : 'Save as a new revision'}
      wide
      onConfirm={save}
    >
      <label>
        <span className="small muted">
          Template: {'{field}'} stands for a field of the item, {'{payload}'} for all of it
        </span>
        <textarea className="field mono" rows={18} value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <label>
        <span className="small muted">What was changed, and why</span>
        <input
          className="field"
          style={{ width: '100%' }}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
    </ConfirmButton>
  );
}
