import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '../../../shared/phone/phones.ts';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { Mark } from '../../../ui/icon.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { count, t } from '../../../ui/texts.ts';
import './lock.css';
import type { Locker } from './locker.ts';

/** Shows the app, a cover while nobody looks (so that the list of open apps shows nothing), or the lock. */
export function LockGate(props: { readonly locker: Locker; readonly children: ComponentChildren }) {
  const { shown } = props.locker;
  if (shown.value === 'locked') return <LockScreen locker={props.locker} />;
  return (
    <>
      {shown.value === 'covered' ? (
        <div class="cover" aria-hidden="true">
          <Mark />
        </div>
      ) : null}
      <div class="under" hidden={shown.value === 'covered'}>
        {props.children}
      </div>
    </>
  );
}

function LockScreen({ locker }: { readonly locker: Locker }) {
  const byPin = locker.kept.value?.kind === 'pin';
  const [resetting, setResetting] = useState(false);
  return (
    <Screen title={t('app.lock.locked')} class="lock-screen">
      <Mark />
      <p>{t('app.lock.locked_text')}</p>
      {byPin ? <ByPin locker={locker} /> : <ByPlatform locker={locker} />}
      <Button kind="quiet" onPress={() => setResetting(true)}>
        {t('app.lock.forgotten')}
      </Button>
      {resetting ? <ResetDialog locker={locker} onClose={() => setResetting(false)} /> : null}
    </Screen>
  );
}

function ByPlatform({ locker }: { readonly locker: Locker }) {
  const [failed, setFailed] = useState<{ readonly failure: Failure | undefined }>();
  const open = async () => {
    setFailed(undefined);
    try {
      await locker.openByPlatform();
    } catch (thrown) {
      setFailed({ failure: asFailure(thrown) });
    }
  };
  const first = useRef(open);
  useEffect(() => {
    // Some browsers want a tap first; then the button stands there.
    if (document.visibilityState === 'visible') void first.current();
  }, []);
  return (
    <>
      {failed ? <FailureNotice failure={failed.failure} /> : null}
      <Button kind="main" class="wide" onPress={open}>
        {t('app.lock.open')}
      </Button>
    </>
  );
}

function ByPin({ locker }: { readonly locker: Locker }) {
  const [pin, setPin] = useState('');
  const [wrong, setWrong] = useState(false);
  const [wait, setWait] = useState(() => Math.ceil(locker.wait()));
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (wait <= 0) return undefined;
    const timer = setTimeout(() => setWait(Math.ceil(locker.wait())), 1000);
    return () => clearTimeout(timer);
  }, [wait, locker]);
  const open = async () => {
    if (busy || wait > 0 || !pin) return;
    setBusy(true);
    setWrong(false);
    const tried = await locker.openByPin(pin).catch(() => 'wrong' as const);
    setPin('');
    setWrong(tried === 'wrong');
    setWait(Math.ceil(locker.wait()));
    setBusy(false);
  };
  const waiting = wait > 0 ? count('app.lock.wait_one', 'app.lock.wait_many', wait) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
    >
      <PinField
        label={t('app.lock.pin')}
        value={pin}
        onInput={setPin}
        error={waiting ?? (wrong ? t('app.lock.wrong') : undefined)}
      />
      <Button kind="main" class="wide" submit busy={busy} disabled={wait > 0}>
        {t('app.lock.open')}
      </Button>
    </form>
  );
}

/** The way on for who can't unlock: everything here goes, so that it is no way around the lock. */
function ResetDialog({ locker, onClose }: { readonly locker: Locker; readonly onClose: () => void }) {
  const phones = usePhones();
  const { accounts } = useApp();
  const reset = async () => {
    for (const { phone } of accounts.value ?? [])
      await phones.unregister(phone).catch(() => phones.forget(phone).catch(() => undefined));
    if ((await phones.accounts()).length === 0) await locker.off();
  };
  return (
    <Dialog
      title={t('app.lock.reset.title')}
      onClose={onClose}
      actions={
        <Button kind="danger" onPress={reset}>
          {t('app.lock.reset.yes')}
        </Button>
      }
    >
      <p>{t('app.lock.reset.text')}</p>
    </Dialog>
  );
}
