import { Component, type ComponentChildren } from 'preact';
import type { Failure } from '../shared/phone/phones.ts';
import { asFailure, FailureNotice } from '../ui/failure.tsx';
import { Mark } from '../ui/icon.tsx';
import { t } from '../ui/texts.ts';

/** The app can't start at all: no storage, or storage of a newer version. */
export function Wall({ failure }: { readonly failure: Failure | undefined }) {
  return (
    <main class="screen" id="main">
      <header class="top">
        <Mark />
        <div class="title">
          <h1>{t('app.wall.title')}</h1>
        </div>
      </header>
      <FailureNotice failure={failure} onRetry={() => location.reload()} />
    </main>
  );
}

/** A fault of ours in drawing one screen ends in words and a way on, not in an empty page. */
export class Guarded extends Component<
  { readonly note: (thrown: unknown) => void; readonly children: ComponentChildren },
  { readonly thrown: unknown }
> {
  override state = { thrown: undefined };
  override componentDidCatch(thrown: unknown): void {
    this.props.note(thrown);
    this.setState({ thrown });
  }
  override render() {
    return this.state.thrown === undefined ? this.props.children : <Wall failure={asFailure(this.state.thrown)} />;
  }
}
