import { useApp } from '../ui/app.ts';
import { Icon } from '../ui/icon.tsx';
import { InstallCard } from '../ui/install-card.tsx';
import { t } from '../ui/texts.ts';

/** The home screen, offered once there is an account to use from it. */
export function Offer() {
  const { accounts, install } = useApp();
  if (!accounts.value || accounts.value.length === 0) return null;
  if (install.state.value === 'by_hand')
    return (
      <section class="card">
        <h2>{t('app.install.title')}</h2>
        <p>{t('app.install.by_hand_why')}</p>
        <p class="with-icon">
          <Icon name="share" />
          <strong>{t('app.install.by_hand')}</strong>
        </p>
      </section>
    );
  return <InstallCard />;
}
