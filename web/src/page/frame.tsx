/** Which screen stands where, and what is around it. */
import { useEffect, useRef } from 'preact/hooks';
import { RequestScreen, RequestsScreen, WaitingBanner } from '../features/approval/page/routes.tsx';
import { LockGate } from '../features/lock/page/gate.tsx';
import type { Locker } from '../features/lock/page/locker.ts';
import { t } from '../ui/texts.ts';
import { AccountsRoute } from './accounts-route.tsx';
import { Bars } from './bars.tsx';
import { Lazy } from './lazy.tsx';
import { path, type Route, route, tabOf } from './router.ts';
import { Tabs } from './tabs.tsx';

const enrolment = () => import('../features/enrolment/page/routes.tsx');
const account = () => import('./account-route.tsx');
const activity = () => import('../features/activity/page/activity-screen.tsx');
const settings = () => import('./settings-route.tsx');

export function Frame({ locker }: { readonly locker: Locker }) {
  const now = route(path.value);
  const tab = tabOf(now);
  useFocus(path.value);
  return (
    <LockGate locker={locker}>
      <a class="skip" href="#main">
        {t('app.skip')}
      </a>
      <Bars now={now} />
      <Shown now={now} locker={locker} />
      {tab ? <Tabs now={tab} /> : null}
    </LockGate>
  );
}

function Shown({ now, locker }: { readonly now: Route; readonly locker: Locker }) {
  switch (now.at) {
    case 'accounts':
      return <AccountsRoute />;
    case 'request':
      return <RequestScreen key={now.id} id={now.id} />;
    case 'requests':
      return <RequestsScreen />;
    case 'account':
      return <Lazy load={account}>{({ AccountRoute }) => <AccountRoute key={now.id} id={now.id} />}</Lazy>;
    case 'activity':
      return <Lazy load={activity}>{({ ActivityScreen }) => <ActivityScreen />}</Lazy>;
    case 'settings':
      return <Lazy load={settings}>{({ SettingsRoute }) => <SettingsRoute part={now.part} locker={locker} />}</Lazy>;
    case 'add':
      return <Lazy load={enrolment}>{({ AddScreen }) => <AddScreen waiting={<WaitingBanner />} />}</Lazy>;
    case 'scan':
      return <Lazy load={enrolment}>{({ ScanScreen }) => <ScanScreen waiting={<WaitingBanner />} />}</Lazy>;
    case 'invitation':
      return <Lazy load={enrolment}>{({ InvitationScreen }) => <InvitationScreen waiting={<WaitingBanner />} />}</Lazy>;
    case 'unfinished':
      return <Lazy load={enrolment}>{({ UnfinishedScreen }) => <UnfinishedScreen waiting={<WaitingBanner />} />}</Lazy>;
  }
}

/** The new screen's title takes the focus; the first screen after a start takes none. */
function useFocus(where: string): void {
  const last = useRef(where);
  useEffect(() => {
    if (last.current === where) return;
    last.current = where;
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  }, [where]);
}
