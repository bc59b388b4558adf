import { ForeignText } from '../parts/foreign-text.tsx';
import type { Detail } from './result.tsx';

/** Prompt of an agent: the system part folded, then the part of this unit. */
export function Prompt({ prompt: { system, user } }: { readonly prompt: NonNullable<Detail['prompt']> }) {
  return (
    <>
      <details className="prompt-fold">
        <summary className="small">System prompt (the same for every unit)</summary>
        <ForeignText text={system} />
      </details>
      <ForeignText text={user} />
    </>
  );
}
