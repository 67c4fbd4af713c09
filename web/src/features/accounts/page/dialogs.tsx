import { useState } from 'preact/hooks';
import type { Account, Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { Field } from '../../../ui/field.tsx';
import { t } from '../../../ui/texts.ts';

interface DialogProps {
  readonly account: Account;
  readonly onClose: () => void;
}

/** Runs one call, keeps what went wrong, and closes when it worked. */
function useCall(call: () => Promise<unknown>, done: () => void) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ readonly failure: Failure | undefined }>();
  const run = async () => {
    if (busy) return;
    setBusy(true);
    setFailed(undefined);
    try {
      await call();
      done();
    } catch (thrown) {
      setFailed({ failure: asFailure(thrown) });
    } finally {
      setBusy(false);
    }
  };
  return { busy, failed, run };
}

export function TurnOffDialog({ account, onClose }: DialogProps) {
  const phones = usePhones();
  const { busy, failed, run } = useCall(() => phones.setPhoneSignIn(account.phone, false), onClose);
  return (
    <Dialog
      title={t('app.account.signin.off_ask.title')}
      onClose={onClose}
      busy={busy}
      actions={
        <Button kind="main" busy={busy} onPress={run}>
          {t('app.account.signin.off_ask.yes')}
        </Button>
      }
    >
      <p>{t('app.account.signin.off_ask.text')}</p>
      {failed ? <FailureNotice failure={failed.failure} /> : null}
    </Dialog>
  );
}

export function RenameDialog({ account, onClose }: DialogProps) {
  const phones = usePhones();
  const [name, setName] = useState(account.name);
  const [bad, setBad] = useState(false);
  const { busy, failed, run } = useCall(() => phones.rename(account.phone, name.trim()), onClose);
  const submit = () => {
    const fits = [...name.trim()].length >= 1 && [...name.trim()].length <= 64;
    setBad(!fits);
    if (fits) void run();
  };
  const refused = failed?.failure?.code === 'invalid';
  return (
    <Dialog
      title={t('app.account.rename')}
      onClose={onClose}
      onSubmit={submit}
      busy={busy}
      actions={
        <Button kind="main" submit busy={busy}>
          {t('app.save')}
        </Button>
      }
    >
      <Field
        label={t('app.account.rename.label')}
        hint={t('app.account.rename.hint')}
        value={name}
        onInput={setName}
        capitalize="words"
        error={bad || refused ? t('app.account.rename.error') : undefined}
      />
      {failed && !refused ? <FailureNotice failure={failed.failure} /> : null}
    </Dialog>
  );
}

/** The server is told first. Where it can't be, the person may still remove what is kept here. */
export function RemoveDialog({ account, onClose, onDone }: DialogProps & { readonly onDone: () => void }) {
  const phones = usePhones();
  const { busy, failed, run } = useCall(() => phones.unregister(account.phone), onDone);
  const here = useCall(() => phones.forget(account.phone), onDone);
  return (
    <Dialog
      title={t('app.account.remove.title')}
      onClose={onClose}
      busy={busy || here.busy}
      actions={
        <Button kind="danger" busy={busy} onPress={run}>
          {t('app.account.remove.yes')}
        </Button>
      }
    >
      <p>
        <strong>{account.account.username}</strong>
      </p>
      <p>{t('app.account.remove.text')}</p>
      {failed ? (
        <>
          <FailureNotice failure={failed.failure} />
          <p>{t('app.account.remove.here_text')}</p>
          <Button kind="quiet" class="bad" busy={here.busy} onPress={here.run}>
            {t('app.account.remove.here')}
          </Button>
        </>
      ) : null}
      {here.failed ? <FailureNotice failure={here.failed.failure} /> : null}
    </Dialog>
  );
}
