import { useEffect, useState } from 'preact/hooks';
import type { Failure } from '../../../shared/phone/phones.ts';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { GRACE, LEAST_DIGITS } from '../shared/lock.ts';
import type { Locker } from './locker.ts';

export function lockState(locker: Locker): string {
  const kind = locker.kept.value?.kind;
  if (kind === 'platform') return t('app.lock.on_platform');
  return kind === 'pin' ? t('app.lock.on_pin') : t('app.lock.off');
}

/** Turns the app's lock on or off. Whoever is here has unlocked it already. */
export function LockSettings({ locker }: { readonly locker: Locker }) {
  const { platform } = useApp();
  const [able, setAble] = useState(false);
  const [choosing, setChoosing] = useState(false);
  const [failed, setFailed] = useState<{ readonly failure: Failure | undefined }>();
  useEffect(() => {
    platform.available().then(setAble, () => setAble(false));
  }, [platform]);
  const kind = locker.kept.value?.kind;
  const run = async (work: () => Promise<void>) => {
    setFailed(undefined);
    try {
      await work();
    } catch (thrown) {
      setFailed({ failure: asFailure(thrown) });
    }
  };
  return (
    <Screen title={t('app.lock.title')} back="/app/settings">
      <p class="with-icon state-line" role="status">
        <Icon name="lock" />
        <strong>{lockState(locker)}</strong>
      </p>
      <p>{t('app.lock.what', { count: GRACE })}</p>
      <p class="hint">{t('app.lock.not')}</p>
      {failed ? <FailureNotice failure={failed.failure} /> : null}
      <div class="buttons stack">
        {able && kind !== 'platform' ? (
          <Button kind="main" onPress={() => run(() => locker.setPlatform(t('app.lock.credential')))}>
            {t('app.lock.use_platform')}
          </Button>
        ) : null}
        {kind !== 'pin' ? (
          <Button kind={able || kind ? 'plain' : 'main'} onPress={() => setChoosing(true)}>
            {t('app.lock.use_pin')}
          </Button>
        ) : null}
        {kind ? <Button onPress={() => run(() => locker.off())}>{t('app.lock.turn_off')}</Button> : null}
      </div>
      {choosing ? (
        <PinDialog
          onClose={() => setChoosing(false)}
          onPin={(pin) => {
            setChoosing(false);
            return run(() => locker.setPin(pin));
          }}
        />
      ) : null}
    </Screen>
  );
}

function PinDialog(props: { readonly onClose: () => void; readonly onPin: (pin: string) => Promise<void> }) {
  const [pin, setPin] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const short = tried && pin.length < LEAST_DIGITS;
  const differs = tried && !short && again !== pin;
  const submit = () => {
    setTried(true);
    if (pin.length >= LEAST_DIGITS && again === pin) void props.onPin(pin);
  };
  return (
    <Dialog
      title={t('app.lock.use_pin')}
      onClose={props.onClose}
      onSubmit={submit}
      actions={
        <Button kind="main" submit>
          {t('app.save')}
        </Button>
      }
    >
      <PinField
        label={t('app.lock.pin')}
        hint={t('app.lock.pin_hint', { count: LEAST_DIGITS })}
        value={pin}
        onInput={setPin}
        error={short ? t('app.failure.weak_pin.short') : undefined}
      />
      <PinField
        label={t('app.lock.pin_again')}
        value={again}
        onInput={setAgain}
        error={differs ? t('app.account.pin.differs') : undefined}
      />
    </Dialog>
  );
}
