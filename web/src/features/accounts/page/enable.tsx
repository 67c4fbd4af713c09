import { useState } from 'preact/hooks';
import type { Account, Failure, Unlocking } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, FailureNotice, triesLeft } from '../../../ui/failure.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { t } from '../../../ui/texts.ts';
import { type FreshPin, NewPin, usableNewPin } from './new-pin.tsx';

/** Turns phone sign-in on. Where nothing unlocks it a PIN is chosen first, and the screen says why. */
export function EnableButton({ account }: { readonly account: Account }) {
  const phones = usePhones();
  return (
    <SwitchOnButton
      account={account}
      label={t('app.signin.enable')}
      ask={t('app.account.signin.pin_ask')}
      onUnlock={(unlocking) => phones.setPhoneSignIn(account.phone, true, unlocking)}
    />
  );
}

interface SwitchOn {
  readonly account: Account;
  readonly label: string;
  /** What the PIN is asked for. */
  readonly ask: string;
  readonly onUnlock: (unlocking: Unlocking) => Promise<unknown>;
}

/** Switches on what needs evidence. It is unlocked as an approval is: by the platform, or by the account's PIN. */
export function SwitchOnButton(props: SwitchOn) {
  const { account } = props;
  const [asking, setAsking] = useState<'no' | 'pin' | 'new'>('no');
  const [failure, setFailure] = useState<Failure | 'unknown'>();
  const enable = async (unlocking: Unlocking) => {
    setFailure(undefined);
    try {
      await props.onUnlock(unlocking);
      setAsking('no');
    } catch (thrown) {
      setFailure(asFailure(thrown) ?? 'unknown');
    }
  };
  const press = () => {
    if (account.unlock.includes('webauthn')) return enable({ method: 'webauthn' });
    setFailure(undefined);
    setAsking(account.unlock.includes('pin') ? 'pin' : 'new');
    return undefined;
  };
  const close = () => {
    setFailure(undefined);
    setAsking('no');
  };
  return (
    <>
      {asking === 'no' && failure ? <FailureNotice failure={failure === 'unknown' ? undefined : failure} /> : null}
      <Button kind="main" class="wide" onPress={press}>
        {props.label}
      </Button>
      {asking === 'no' ? null : (
        <PinDialog {...props} fresh={asking === 'new'} failure={failure} onPin={enable} onClose={close} />
      )}
    </>
  );
}

function PinDialog(
  props: SwitchOn & {
    readonly fresh: boolean;
    readonly failure: Failure | 'unknown' | undefined;
    readonly onPin: (unlocking: Unlocking) => Promise<void>;
    readonly onClose: () => void;
  },
) {
  const { account, failure, fresh } = props;
  const phones = usePhones();
  const [pin, setPin] = useState('');
  const [made, setMade] = useState<FreshPin>({ pin: '', again: '' });
  const [weak, setWeak] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  const go = async () => {
    if (busy || (fresh ? !usableNewPin(made, account.policy.pin_min) : pin.length < account.policy.pin_min)) return;
    setBusy(true);
    setWeak(undefined);
    try {
      if (fresh) await phones.changePin(account.phone, undefined, made.pin);
      await props.onPin({ method: 'pin', pin: fresh ? made.pin : pin });
      setPin('');
    } catch (thrown) {
      setWeak(asFailure(thrown) ?? undefined);
    } finally {
      setBusy(false);
    }
  };
  const wrong = failure !== 'unknown' && failure?.kind === 'wrong_pin' ? failure : undefined;
  return (
    <Dialog
      title={props.label}
      onClose={props.onClose}
      onSubmit={() => void go()}
      busy={busy}
      actions={
        <Button kind="main" submit busy={busy}>
          {t('app.go_on')}
        </Button>
      }
    >
      {fresh ? (
        <>
          <p>{t('app.account.signin.pin_new')}</p>
          <NewPin value={made} onInput={setMade} least={account.policy.pin_min} failure={weak} />
        </>
      ) : (
        <>
          <p>{props.ask}</p>
          <PinField
            label={t('app.pin.label')}
            value={pin}
            onInput={setPin}
            error={wrong ? `${t('app.failure.wrong_pin.title')}. ${triesLeft(wrong)}` : undefined}
          />
        </>
      )}
      {failure && !wrong ? <FailureNotice failure={failure === 'unknown' ? undefined : failure} /> : null}
    </Dialog>
  );
}
