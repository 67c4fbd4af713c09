import { useState } from 'preact/hooks';
import type { Account, Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, triesLeft } from '../../../ui/failure.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { t } from '../../../ui/texts.ts';
import { type FreshPin, NewPin, usableNewPin } from './new-pin.tsx';

/** Changes the account's PIN, with the old one or, where the platform can vouch for the person, without it. */
export function ChangePinDialog(props: {
  readonly account: Account;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const { account } = props;
  const phones = usePhones();
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState<FreshPin>({ pin: '', again: '' });
  const [failure, setFailure] = useState<Failure | undefined>();
  const [busy, setBusy] = useState(false);
  const canForget = account.unlock.includes('webauthn');
  const has = account.unlock.includes('pin');
  const change = async (with_old: boolean) => {
    if (busy || !usableNewPin(fresh, account.policy.pin_min)) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await phones.changePin(account.phone, with_old ? old : undefined, fresh.pin);
      props.onDone();
    } catch (thrown) {
      setFailure(asFailure(thrown));
    } finally {
      setBusy(false);
    }
  };
  const wrong =
    failure?.kind === 'wrong_pin' ? `${t('app.failure.wrong_pin.title')}. ${triesLeft(failure)}` : undefined;
  return (
    <Dialog
      title={has ? t('app.account.pin') : t('app.account.pin.set')}
      onClose={props.onClose}
      onSubmit={() => void change(has)}
      busy={busy}
      actions={
        <Button kind="main" submit busy={busy}>
          {t('app.save')}
        </Button>
      }
    >
      {has ? <PinField label={t('app.account.pin.old')} value={old} onInput={setOld} error={wrong} /> : null}
      <NewPin value={fresh} onInput={setFresh} least={account.policy.pin_min} failure={failure} />
      {has && canForget ? (
        <Button kind="quiet" onPress={() => change(false)}>
          {t('app.account.pin.forgotten')}
        </Button>
      ) : null}
    </Dialog>
  );
}
