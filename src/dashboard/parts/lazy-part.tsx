import { Component, type ReactNode, Suspense } from 'react';
import { Problem } from './loading.tsx';

interface Props {
  /** Placeholder while loading. */
  readonly waiting: ReactNode;
  /** Address of the view: a change resets the error. */
  readonly address?: string;
  readonly children: ReactNode;
}

interface State {
  /** Null without an error. */
  readonly error: unknown;
}

/**
 * Part of the page whose code is loaded on demand. If it cannot be loaded or rendered, the rest of the page stays. A
 * class, because React error boundaries must be classes.
 */
export class LazyPart extends Component<Props, State> {
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
