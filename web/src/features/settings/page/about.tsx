import { useApp } from '../../../ui/app.ts';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';

/** What the app is, and what is kept where. */
export function AboutScreen() {
  const { build, server } = useApp();
  return (
    <Screen title={t('app.about.title')} back="/app/settings">
      <dl class="facts">
        {server.value ? (
          <div>
            <dt>{t('app.about.server')}</dt>
            <dd>
              {server.value.name}, {new URL(server.value.public_url).host}
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{t('app.about.version')}</dt>
          <dd>{build.value ? <code>{build.value}</code> : t('app.about.no_version')}</dd>
        </div>
      </dl>
      <h2>{t('app.about.here')}</h2>
      <ul class="points">
        <li>{t('app.about.here_keys')}</li>
        <li>{t('app.about.here_finger')}</li>
        <li>{t('app.about.here_pin')}</li>
        <li>{t('app.about.here_choices')}</li>
      </ul>
      <h2>{t('app.about.there')}</h2>
      <ul class="points">
        <li>{t('app.about.there_keys')}</li>
        <li>{t('app.about.there_codes')}</li>
        <li>{t('app.about.there_activity')}</li>
      </ul>
      <p>{t('app.about.nobody')}</p>
    </Screen>
  );
}
