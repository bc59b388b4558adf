import { Check, Copy as CopyIcon } from 'lucide-react';
import { useState } from 'react';

/** Button that copies a text. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await write(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      className="button quiet small icon"
      aria-label={label}
      title={label}
      onClick={() => void copy()}
    >
      {copied ? <Check /> : <CopyIcon />}
    </button>
  );
}

/** Writes to the clipboard; its API exists only on https and localhost pages, elsewhere the older command is used. */
async function write(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  // oxlint-disable-next-line typescript/no-deprecated -- the only way there is on such a page
  document.execCommand('copy');
  field.remove();
}
