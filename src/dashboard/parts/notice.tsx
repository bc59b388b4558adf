import type { ReactNode } from 'react';

/** A coloured box with a sentence in bold. */
export function Notice({
  color,
  icon,
  title,
  children,
}: {
  readonly color: 'red' | 'amber' | 'blue' | 'green';
  readonly icon: ReactNode;
  readonly title: string;
  readonly children: ReactNode;
}) {
  return (
    <div className={`notice ${color}`} role="status">
      {icon}
      <div>
        <strong>{title}</strong>
        <p>{children}</p>
      </div>
    </div>
  );
}
