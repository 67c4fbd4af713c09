import { useApp } from '../ui/app.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { t } from '../ui/texts.ts';

/** The home screen, offered once there is an account to use from it. */
export function Offer() {
  const { accounts, install } = useApp();
  if (!accounts.value || accounts.value.length === 0) return null;
  if (install.state.value === 'can')
    return (
      <section class="card">
        <h2>{t('app.install.title')}</h2>
        <p>{t('app.install.text')}</p>
        <Button class="wide" onPress={() => install.ask()}>
          <Icon name="download" />
          {t('app.install.button')}
        </Button>
      </section>
    );
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
  return null;
}
