import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { t } from '../ui/texts.ts';

/** The three main parts. */
export function Tabs({ now }: { readonly now: 'accounts' | 'activity' | 'settings' }) {
  return (
    <nav class="tabs" aria-label={t('app.tabs.label')}>
      <ul>
        <li>
          <Link to="/app/" current={now === 'accounts'}>
            <Icon name="accounts" />
            {t('app.tabs.accounts')}
          </Link>
        </li>
        <li>
          <Link to="/app/activity" current={now === 'activity'}>
            <Icon name="activity" />
            {t('app.tabs.activity')}
          </Link>
        </li>
        <li>
          <Link to="/app/settings" current={now === 'settings'}>
            <Icon name="settings" />
            {t('app.tabs.settings')}
          </Link>
        </li>
      </ul>
    </nav>
  );
}
