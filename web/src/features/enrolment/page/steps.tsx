import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import type { Flow } from '../shared/flow.ts';
import { ConfirmStep } from './confirm.tsx';
import { DigitsStep } from './digits.tsx';
import { DoneStep } from './done.tsx';
import { FailedStep } from './failed.tsx';
import { PinStep } from './pin.tsx';
import { ImpossibleStep, UnlockStep } from './unlock.tsx';

/** What the frame puts into these screens from other features. */
export interface FrameParts {
  /** The line for a request that waits, for the last step: the practice is likely next. */
  readonly waiting?: ComponentChildren;
}

/** The steps from a claimed code to a phone that is ready. One question each. */
export function Steps(props: {
  readonly flow: Flow;
  /** Back to where the code came from. */
  readonly onBack: () => void;
  readonly backLabel: string;
  readonly waiting: ComponentChildren;
  /** The page that wants the digits sent this very window here. */
  readonly sameWindow?: boolean;
}) {
  const { flow, onBack, backLabel } = props;
  const step = flow.step.value;
  useEffect(() => {
    const here = location.pathname;
    flow.watch();
    // Locking the app takes this away as well, and then it must still be there.
    return () => flow.unwatch(location.pathname !== here);
  }, [flow]);
  const leave = () => {
    void flow.leave();
    onBack();
  };
  switch (step.kind) {
    case 'idle':
      return null;
    case 'claiming':
      return (
        <Screen key="claiming" title={t('app.invite.title')} class="setup">
          <p role="status" class="appear-late">
            {t('app.setup.claiming')}
          </p>
        </Screen>
      );
    case 'not_claimed':
      return <FailedStep key="failed" flow={flow} failure={step.failure} onBack={leave} backLabel={backLabel} />;
    case 'confirm':
      return <ConfirmStep key="confirm" flow={flow} step={step} onStop={leave} />;
    case 'unlock':
      return <UnlockStep key="unlock" flow={flow} step={step} onStop={leave} />;
    case 'pin':
      return <PinStep key="pin" flow={flow} step={step} onStop={leave} />;
    case 'impossible':
      return <ImpossibleStep key="impossible" flow={flow} step={step} onStop={leave} />;
    case 'not_proved':
      return (
        <FailedStep key="failed" flow={flow} failure={step.failure} onBack={leave} backLabel={t('app.invite.stop')} />
      );
    case 'digits':
      return <DigitsStep key="digits" flow={flow} step={step} sameWindow={props.sameWindow === true} onStop={onBack} />;
    case 'done':
      return <DoneStep key="done" flow={flow} account={step.account} waiting={props.waiting} />;
    case 'stopped':
      return <FailedStep key="failed" flow={flow} failure={step.failure} onBack={leave} backLabel={backLabel} />;
  }
}
