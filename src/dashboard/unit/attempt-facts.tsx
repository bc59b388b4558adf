import { count, duration, moment, usd, words } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Copy } from '../parts/copy.tsx';
import { type Fact, Facts } from '../parts/facts.tsx';
import { Status } from '../parts/status.tsx';
import type { Attempt } from './result.tsx';

/** Facts about an attempt, with the command that continues it in a terminal. */
export function AttemptFacts({ attempt }: { readonly attempt: Attempt }) {
  const { cost_usd, cost_estimated, input_tokens, output_tokens = 0, tools_used } = attempt;
  const facts: readonly Fact[] = [
    ['Status', <Status key="status" of={attempt.status} note={attempt.failure_class} />],
    ['Started', moment(attempt.started_at)],
    ['Duration', duration(attempt.duration_s)],
    ['Cost', cost_usd === undefined ? null : `${cost_estimated ? 'about ' : ''}${usd(cost_usd)}`],
    ['Model', attempt.model],
    ['Turns', attempt.turns],
    ['Tokens', input_tokens === undefined ? null : `${count(input_tokens)} in · ${count(output_tokens)} out`],
    ['Tools', tools_used && listOf(Object.entries(tools_used).map(([tool, times]) => `${tool} ×${times}`))],
    ['Denied', attempt.tools_denied && listOf(attempt.tools_denied)],
    ['Noted', attempt.remarks && listOf(attempt.remarks)],
    ['Secrets removed', attempt.secrets_removed],
    ['Changed', attempt.files_changed && listOf(attempt.files_changed)],
    ['Purpose', words(attempt.purpose)],
    ['Revision', attempt.revision],
    ['Session', attempt.session_id && <code className="small">{attempt.session_id}</code>],
  ];
  return (
    <Card title={`Attempt ${attempt.attempt}`}>
      <Facts of={facts} />
      {attempt.continue_in_terminal && (
        <Command label="Continue this session in a terminal" text={attempt.continue_in_terminal} />
      )}
      <Command label="Run directory" text={attempt.run_directory} />
    </Card>
  );
}

function listOf(names: readonly string[]): string {
  return names.join(', ');
}

function Command({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div className="command">
      <div className="muted small">{label}</div>
      <div>
        <code className="clip small" title={text}>
          {text}
        </code>
        <Copy text={text} label={`Copy: ${label.toLowerCase()}`} />
      </div>
    </div>
  );
}
