import { showUnseen } from '../../domain/unseen-characters.ts';

/** External text with its line breaks; invisible characters are shown as codes. */
export function ForeignText({ text }: { readonly text: string }) {
  return <pre className="code">{showUnseen(text)}</pre>;
}
