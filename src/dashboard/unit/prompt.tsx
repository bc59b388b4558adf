import { ForeignText } from '../parts/foreign-text.tsx';
import type { Detail } from './result.tsx';

/** What an agent is told: first, folded, what all of them are told. */
export function Prompt({ prompt: { system, user } }: { readonly prompt: NonNullable<Detail['prompt']> }) {
  return (
    <>
      <details className="prompt-fold">
        <summary className="small">The part that is the same for every unit</summary>
        <ForeignText text={system} />
      </details>
      <ForeignText text={user} />
    </>
  );
}
