import type { Failure } from '../../../shared/phone/phones.ts';
import { FailureNotice, weakPin } from '../../../ui/failure.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { t } from '../../../ui/texts.ts';

export interface FreshPin {
  readonly pin: string;
  readonly again: string;
}

/** Long enough, and twice the same. Whether it is easy to guess, the phone's own rule says. */
export function usableNewPin(value: FreshPin, least: number): boolean {
  return value.pin.length >= least && value.pin === value.again;
}

/** A PIN that is chosen: typed twice, because nobody can read dots. */
export function NewPin(props: {
  readonly value: FreshPin;
  readonly onInput: (value: FreshPin) => void;
  readonly least: number;
  readonly failure: Failure | undefined;
}) {
  const { value, least, failure } = props;
  const weak = failure?.code === 'weak_pin' ? weakPin(failure.reason) : undefined;
  const differs = value.again.length >= value.pin.length && value.again !== value.pin && value.again.length > 0;
  return (
    <>
      <PinField
        label={t('app.account.pin.new')}
        hint={t('app.account.pin.new_hint', { count: least })}
        value={value.pin}
        onInput={(pin) => props.onInput({ ...value, pin })}
        error={weak}
      />
      <PinField
        label={t('app.account.pin.again')}
        value={value.again}
        onInput={(again) => props.onInput({ ...value, again })}
        error={differs ? t('app.account.pin.differs') : undefined}
      />
      {failure && !weak && failure.kind !== 'wrong_pin' ? <FailureNotice failure={failure} /> : null}
    </>
  );
}
