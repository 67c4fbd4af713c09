import { useEffect, useState } from 'preact/hooks';
import { AccountsScreen } from '../features/accounts/page/accounts-screen.tsx';
import { WaitingBanner } from '../features/approval/page/routes.tsx';
import { useWatch } from '../features/approval/page/watch.ts';
import type { Failure } from '../shared/phone/phones.ts';
import { useApp } from '../ui/app.ts';
import { usePhones } from '../ui/context.ts';
import { failureWords } from '../ui/failure.tsx';
import { Link } from '../ui/link.tsx';
import { Notice } from '../ui/notice.tsx';
import { t } from '../ui/texts.ts';
import { Offer } from './offer.tsx';

/** The accounts, with what other features have to say above and below them. */
export function AccountsRoute() {
  const { accounts, notices } = useApp();
  const phones = usePhones();
  const { waiting } = useWatch();
  const refresh = async () => {
    const live = (accounts.value ?? []).filter(({ state }) => state !== 'removed' && state !== 'broken');
    await Promise.allSettled([waiting.ask(), ...live.map(({ phone }) => phones.refresh(phone))]);
    void notices.refresh();
  };
  const above = (
    <>
      <WaitingBanner />
      <Unfinished />
      <Troubles />
    </>
  );
  return <AccountsScreen waiting={above} offer={<Offer />} onRefresh={refresh} />;
}

/** Digits that still wait to be typed on the other screen. */
function Unfinished() {
  const phones = usePhones();
  const [found, setFound] = useState(false);
  useEffect(() => {
    phones.unfinished().then(
      (proved) => setFound(proved !== undefined),
      () => setFound(false),
    );
  }, [phones]);
  if (!found) return null;
  return (
    <Notice
      kind="info"
      title={t('app.unfinished.title')}
      actions={
        <Link class="button" to="/app/add/unfinished">
          {t('app.go_on')}
        </Link>
      }
    >
      <p>{t('app.unfinished.text')}</p>
    </Notice>
  );
}

/** Told elsewhere: without a network there is a line above every screen, and a removed account says so itself. */
const elsewhere: ReadonlySet<Failure['kind']> = new Set(['offline', 'removed', 'keys_gone']);

/** What keeps an account from being asked: another server key, an answer that can't be read, a server with too much to do. */
function Troubles() {
  const { accounts } = useApp();
  const { waiting } = useWatch();
  const told = waiting.failures.value.filter(({ failure }) => !elsewhere.has(failure.kind));
  return (
    <>
      {told.map(({ phone, failure }) => {
        const words = failureWords(failure);
        const name = accounts.value?.find((one) => one.phone === phone)?.account.username;
        return (
          <Notice key={phone} kind={failure.kind === 'server_key' ? 'bad' : 'warning'} title={words.title}>
            <p>
              {name ? <strong>{name}: </strong> : null}
              {words.text}
            </p>
          </Notice>
        );
      })}
    </>
  );
}
