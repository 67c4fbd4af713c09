import { useApp } from './app.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { t } from './texts.ts';

/** Offers to put the app on the home screen, where the browser lets a page ask for it. */
export function InstallCard() {
  const { install } = useApp();
  if (install.state.value !== 'can') return null;
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
}
