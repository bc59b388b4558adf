import { Menu } from '@base-ui/react/menu';
import { NumberField } from '@base-ui/react/number-field';
import { ChevronDown, Download, Minus, Pause, Play, Plus, Square, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { jobPath } from '../api.ts';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { type Overview, useAct } from './use-job.ts';

const MAX_SLOTS = 64;
const CAN_CANCEL: readonly string[] = ['created', 'testing', 'running', 'paused', 'enumerating'];

/** Buttons for the actions possible in the job's status. */
export function Actions({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const lost = job.executor.state === 'lost';
  return (
    <div className="row">
      {job.status === 'running' && (
        <>
          <Slots job={job} />
          <PauseMenu job={job} />
        </>
      )}
      {job.status === 'paused' && <Resume key={job.max_workers} job={job} />}
      {lost && job.status !== 'paused' && (
        <button
          type="button"
          className="button primary"
          onClick={() => void act('A new executor has taken over.', 'resume')}
        >
          <Play aria-hidden /> Recover
        </button>
      )}
      {job.units.total > 0 && <ExportMenu jobId={job.job_id} />}
      {CAN_CANCEL.includes(job.status) ? <Cancel job={job} /> : <Delete job={job} />}
    </div>
  );
}

function Slots({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const [wanted, setWanted] = useState(job.max_workers);
  useEffect(() => setWanted(job.max_workers), [job.max_workers]);
  const commit = (slots: number) => {
    if (slots !== job.max_workers) void act(`${slots} slots.`, 'resume', { max_workers: slots });
  };
  return <SlotsField value={wanted} onChange={setWanted} onCommit={commit} />;
}

/** Resumes a paused job. Changing its slots alone would resume it, so they are sent with the resume request. */
function Resume({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const [slots, setSlots] = useState(job.max_workers);
  const change = slots === job.max_workers ? {} : { max_workers: slots };
  return (
    <>
      <SlotsField value={slots} onChange={setSlots} />
      <button
        type="button"
        className="button primary"
        onClick={() => void act('The job was resumed.', 'resume', change)}
      >
        <Play aria-hidden /> Resume
      </button>
    </>
  );
}

function SlotsField({
  value,
  onChange,
  onCommit,
}: {
  readonly value: number;
  readonly onChange: (slots: number) => void;
  readonly onCommit?: (slots: number) => void;
}) {
  return (
    <NumberField.Root
      value={value}
      min={1}
      max={MAX_SLOTS}
      onValueChange={(slots) => slots !== null && onChange(slots)}
      onValueCommitted={(slots) => slots !== null && onCommit?.(slots)}
    >
      <NumberField.Group className="steps">
        <span className="label" aria-hidden>
          Slots
        </span>
        <NumberField.Decrement aria-label="One slot less">
          <Minus />
        </NumberField.Decrement>
        <NumberField.Input aria-label="Slots: units running at the same time" />
        <NumberField.Increment aria-label="One slot more">
          <Plus />
        </NumberField.Increment>
      </NumberField.Group>
    </NumberField.Root>
  );
}

function PauseMenu({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  return (
    <Menu.Root>
      <Menu.Trigger className="button">
        <Pause aria-hidden /> Pause <ChevronDown aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end">
          <Menu.Popup className="menu">
            <Menu.Item onClick={() => void act('Paused: running units may finish.', 'pause')}>
              Let running units finish
            </Menu.Item>
            <Menu.Item onClick={() => void act('Paused: running units were put back.', 'pause', { hard: true })}>
              Interrupt running units
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const FORMATS = [
  ['csv', 'CSV'],
  ['tsv', 'TSV'],
  ['jsonl', 'JSON Lines'],
  ['json', 'JSON'],
  ['markdown', 'Markdown'],
] as const;

function ExportMenu({ jobId }: { readonly jobId: string }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="button">
        <Download aria-hidden /> Export <ChevronDown aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end">
          <Menu.Popup className="menu">
            {FORMATS.map(([format, label]) => (
              <Menu.LinkItem key={format} href={`${jobPath(jobId)}/results?format=${format}`} download closeOnClick>
                {label}
              </Menu.LinkItem>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function Cancel({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  return (
    <ConfirmButton
      className="button danger"
      trigger={
        <>
          <Square aria-hidden /> Cancel
        </>
      }
      title={`Cancel “${showUnseen(job.name)}” permanently?`}
      action="Cancel the job"
      danger
      onConfirm={() => act('The job was cancelled.', 'cancel')}
    >
      <p className="muted">
        Running units are stopped and pending ones cancelled. Existing results remain and can be exported. This cannot
        be undone; pause the job if in doubt.
      </p>
    </ConfirmButton>
  );
}

function Delete({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const [, navigate] = useLocation();
  return (
    <ConfirmButton
      className="button danger"
      trigger={
        <>
          <Trash2 aria-hidden /> Delete
        </>
      }
      title={`Delete “${showUnseen(job.name)}” with its results?`}
      action="Delete the job"
      danger
      onConfirm={async () => {
        const done = await act('The job was deleted.', '', {}, 'DELETE');
        if (done) navigate('/');
        return done;
      }}
    >
      <p className="muted">
        Units, results, history and logs are deleted permanently. Files in the output directory remain. Export the
        results first.
      </p>
    </ConfirmButton>
  );
}
