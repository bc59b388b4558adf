import { showUnseen } from '../../domain/unseen-characters.ts';

/** Text from outside as it is, in its lines: what is not seen in it is shown by its code. */
export function ForeignText({ text }: { readonly text: string }) {
  return <pre className="code">{showUnseen(text)}</pre>;
}
