import { useState } from 'preact/hooks';
import type { Account } from '../../../shared/phone/phones.ts';
import { usePhones } from '../../../ui/context.ts';
import { Notice } from '../../../ui/notice.tsx';
import { t } from '../../../ui/texts.ts';
import { moment } from '../../../ui/time.ts';
import { SwitchOnButton } from './enable.tsx';

/** Says that new browsers don't ring after a no or a report, and lets them ring again. */
export function Quiet({ account }: { readonly account: Account }) {
  const phones = usePhones();
  const [ended, setEnded] = useState(false);
  const now = phones.now();
  if (account.quietUntil === undefined || account.quietUntil <= now)
    return ended ? <Notice live kind="good" title={t('app.quiet.ended')} /> : null;
  return (
    <Notice
      kind="warning"
      title={t('app.quiet.title', { time: moment(account.quietUntil, now) })}
      actions={
        <SwitchOnButton
          account={account}
          label={t('app.quiet.end')}
          ask={t('app.quiet.pin_ask')}
          onUnlock={(unlocking) => phones.endQuiet(account.phone, unlocking).then(() => setEnded(true))}
        />
      }
    >
      <p>{t('app.quiet.text')}</p>
    </Notice>
  );
}
