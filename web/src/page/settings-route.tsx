import { RemoveDialog } from '../features/accounts/page/dialogs.tsx';
import { LockSettings, lockState } from '../features/lock/page/lock-settings.tsx';
import type { Locker } from '../features/lock/page/locker.ts';
import { AboutScreen } from '../features/settings/page/about.tsx';
import { ClockScreen } from '../features/settings/page/clock.tsx';
import { LogScreen } from '../features/settings/page/log.tsx';
import { NoticesScreen } from '../features/settings/page/notices.tsx';
import { SettingsScreen } from '../features/settings/page/settings-screen.tsx';
import type { SettingsPart } from './router.ts';

export function SettingsRoute({ part, locker }: { readonly part: SettingsPart; readonly locker: Locker }) {
  switch (part) {
    case 'all':
      return (
        <SettingsScreen
          lock={lockState(locker)}
          removal={(account, close) => <RemoveDialog account={account} onClose={close} onDone={close} />}
        />
      );
    case 'lock':
      return <LockSettings locker={locker} />;
    case 'notices':
      return <NoticesScreen />;
    case 'clock':
      return <ClockScreen />;
    case 'about':
      return <AboutScreen />;
    case 'log':
      return <LogScreen />;
  }
}
