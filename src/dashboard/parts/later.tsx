import { Component, type ReactNode, Suspense } from 'react';
import { Problem } from './loading.tsx';

interface Props {
  /** What stands there until then. */
  readonly waiting: ReactNode;
  /** The address, for what has all of the view in it: at another one it is tried again. */
  readonly address?: string;
  readonly children: ReactNode;
}

interface State {
  /** Null as long as all is well. */
  readonly error: unknown;
}

/**
 * A part of the page whose code is loaded when it is first needed. When it cannot be loaded or shown, the rest of the page
 * stays. A class, as React has no other way to catch what its parts throw.
 */
export class Later extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override componentDidUpdate({ address }: Props): void {
    if (this.state.error !== null && address !== this.props.address) this.setState({ error: null });
  }

  override render(): ReactNode {
    const { waiting, children } = this.props;
    if (this.state.error === null) return <Suspense fallback={waiting}>{children}</Suspense>;
    return (
      <>
        <Problem error={this.state.error} />
        <button type="button" className="button" onClick={() => window.location.reload()}>
          Load the page again
        </button>
      </>
    );
  }
}
