import { Pencil } from 'lucide-react';
import { useState } from 'react';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { useAct } from './use-job.ts';

/** Dialog that creates a new revision of the prompt; this discards a waiting test. */
export function EditPrompt({
  jobId,
  step,
  template,
  label = '',
  testAgain = false,
  allowFirst = false,
}: {
  readonly jobId: string;
  /** Name of the step whose prompt it is. */
  readonly step: string;
  readonly template: string;
  /** What follows the word Edit. */
  readonly label?: string;
  readonly testAgain?: boolean;
  /** The change must be approved before it is tested. */
  readonly allowFirst?: boolean;
}) {
  const act = useAct(jobId);
  const [text, setText] = useState(template);
  const [note, setNote] = useState('');
  const save = async () => {
    const body = { step, template: text, ...(note ? { note } : {}) };
    if (!(await act('Saved as a new revision of the prompt.', '', body, 'PATCH'))) return false;
    return testAgain && !allowFirst ? act('The test has started again.', 'start', { wait_seconds: 0 }) : true;
  };
  return (
    <ConfirmButton
      className="button small"
      trigger={
        <>
          <Pencil aria-hidden /> Edit{label}
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
