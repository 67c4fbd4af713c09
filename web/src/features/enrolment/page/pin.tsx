import { useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { FailureNotice, weakPin } from '../../../ui/failure.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import type { Flow, Step } from '../shared/flow.ts';
import { ruler } from './unlock.tsx';

type PinStepState = Extract<Step, { kind: 'pin' }>;

/** A PIN, typed twice, and why one is asked for. */
export function PinStep(props: { readonly flow: Flow; readonly step: PinStepState; readonly onStop: () => void }) {
  const { flow, step, onStop } = props;
  const least = step.enrolment.policy.pin_min;
  const [pin, setPin] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  // What the phone refused is refused until it is changed.
  const [refused, setRefused] = useState('');
  const { failure } = step;
  const weak = failure?.code === 'weak_pin' && pin === refused ? weakPin(failure.reason) : undefined;
  const short = tried && pin.length < least ? weakPin('short') : undefined;
  const differs = tried && !short && again !== pin ? t('app.setup.pin.differs') : undefined;
  const send = () => {
    setTried(true);
    if (pin.length < least || pin !== again) return;
    setRefused(pin);
    void flow.setPin(pin);
  };
  return (
    <Screen title={t('app.setup.pin.title')} class="setup" back={onStop}>
      <p>{reason(step)}</p>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <PinField
          label={t('app.setup.pin.first')}
          hint={t('app.setup.pin.hint', { count: least })}
          error={weak ?? short}
          value={pin}
          onInput={setPin}
        />
        <PinField label={t('app.setup.pin.again')} error={differs} value={again} onInput={setAgain} />
        {failure && failure.code !== 'weak_pin' ? <FailureNotice failure={failure} /> : null}
        <Button submit kind="main" class="wide" busy={flow.busy.value}>
          {t('app.setup.pin.go')}
        </Button>
      </form>
      <p class="hint">{t('app.setup.pin.never')}</p>
    </Screen>
  );
}

function reason({ why, enrolment }: PinStepState): string {
  switch (why) {
    case 'no_platform':
      return t('app.setup.pin.no_platform');
    case 'policy':
      return t('app.setup.pin.policy', { organisation: ruler(enrolment) });
    case 'besides':
      return t('app.setup.pin.besides', { organisation: ruler(enrolment) });
    case 'instead':
      return t('app.setup.pin.instead');
  }
}
