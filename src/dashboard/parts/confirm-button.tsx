import { Dialog } from '@base-ui/react/dialog';
import { type ReactNode, useState } from 'react';

/** Button that opens a dialog for confirmation before it acts, with optional content. */
export function ConfirmButton({
  trigger,
  className = 'button',
  title,
  action,
  danger = false,
  wide = false,
  disabled = false,
  onConfirm,
  children,
}: {
  readonly trigger: ReactNode;
  readonly className?: string;
  readonly title: string;
  /** Label of the confirming button. */
  readonly action: string;
  readonly danger?: boolean;
  readonly wide?: boolean;
  readonly disabled?: boolean;
  /** Resolves to whether it succeeded, which closes the dialog. */
  readonly onConfirm: () => Promise<boolean>;
  readonly children?: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    if (await onConfirm()) setOpen(false);
    setBusy(false);
  };
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className={className} disabled={disabled}>
        {trigger}
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className={`dialog ${wide ? 'wide' : ''}`}>
          <Dialog.Title className="heading">{title}</Dialog.Title>
          {children}
          <div className="actions">
            <Dialog.Close className="button">Not now</Dialog.Close>
            <button
              type="button"
              className={`button primary ${danger ? 'danger' : ''}`}
              disabled={busy}
              onClick={() => void confirm()}
            >
              {action}
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
