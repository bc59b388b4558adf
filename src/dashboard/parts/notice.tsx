import type { ReactNode } from 'react';

/** Coloured box with a bold title. */
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
