import { Toast } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import { isRefusal } from '../api.ts';

/** Short messages about completed actions, announced to screen readers. */
export function Toasts() {
  const { toasts } = Toast.useToastManager();
  return (
    <Toast.Portal>
      <Toast.Viewport className="toasts">
        {toasts.map((toast) => (
          <Toast.Root key={toast.id} toast={toast} className="toast">
            <Toast.Content>
              <Toast.Title className="title" />
              <Toast.Description className="muted small" />
              <Toast.Close className="button quiet small icon close" aria-label="Close message">
                <X />
              </Toast.Close>
            </Toast.Content>
          </Toast.Root>
        ))}
      </Toast.Viewport>
    </Toast.Portal>
  );
}

/** Returns functions that report a completed or failed action. */
export function useReport(): { done(title: string): void; failed(error: unknown): void } {
  const { add } = Toast.useToastManager();
  return {
    done: (title) => {
      add({ title, type: 'success', timeout: 4000 });
    },
    failed: (error) => {
      const title = error instanceof Error ? error.message : String(error);
      add({ title, description: isRefusal(error) ? error.hint : undefined, type: 'error', timeout: 12_000 });
    },
  };
}
