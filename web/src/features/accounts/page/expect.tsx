import { useState } from 'preact/hooks';
import type { Account, Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Countdown } from '../../../ui/countdown.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { t } from '../../../ui/texts.ts';
import { titleOf } from './words.ts';

type Stage =
  | { readonly kind: 'off' | 'asking' | 'over' }
  | { readonly kind: 'on'; readonly account: Account; readonly from: number; readonly until: number }
  | { readonly kind: 'failed'; readonly account: Account; readonly failure: Failure | undefined };

/** "I am signing in now": tells the server that the next start is this person's. */
export function Expect({ accounts }: { readonly accounts: readonly Account[] }) {
  const phones = usePhones();
  const [stage, setStage] = useState<Stage>({ kind: 'off' });
  const usable = accounts.filter((one) => one.state === 'active' && one.phoneSignIn);
  const expect = async (account: Account) => {
    try {
      const until = await phones.expect(account.phone);
      setStage({ kind: 'on', account, from: phones.now(), until });
    } catch (thrown) {
      setStage({ kind: 'failed', account, failure: asFailure(thrown) });
    }
  };
  const [only, ...others] = usable;
  if (!only) return null;
  if (stage.kind === 'on')
    return (
      <Notice live kind="info" title={t('app.expect.on')}>
        <p>{t('app.expect.text', { account: titleOf(stage.account) })}</p>
        <Countdown from={stage.from} until={stage.until} onEnd={() => setStage({ kind: 'over' })} />
      </Notice>
    );
  const start = () => (others.length === 0 ? expect(only) : setStage({ kind: 'asking' }));
  return (
    <>
      {stage.kind === 'failed' ? (
        <FailureNotice failure={stage.failure} onRetry={() => expect(stage.account)} />
      ) : (
        <Button class="wide" onPress={start}>
          {t('app.expect.button')}
        </Button>
      )}
      {stage.kind === 'over' ? (
        <p class="hint" role="status">
          {t('app.expect.over')}
        </p>
      ) : null}
      {stage.kind === 'asking' ? (
        <Dialog title={t('app.expect.title')} onClose={() => setStage({ kind: 'off' })}>
          <div class="buttons stack">
            {usable.map((account) => (
              <Button key={account.phone} class="wide" onPress={() => expect(account)}>
                {`${titleOf(account)} · ${account.account.username}`}
              </Button>
            ))}
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
