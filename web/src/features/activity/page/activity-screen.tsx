import { useApp } from '../../../ui/app.ts';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { ActivityList } from './activity-list.tsx';

/** What was asked of all accounts on this phone. */
export function ActivityScreen() {
  const { accounts } = useApp();
  const readable = accounts.value?.filter(({ state }) => state === 'active' || state === 'locked');
  return (
    <Screen title={t('app.activity.title')}>
      <p class="hint">{t('app.activity.hint')}</p>
      {readable === undefined ? null : readable.length === 0 ? (
        <p>{t('app.activity.none')}</p>
      ) : (
        <ActivityList accounts={readable} />
      )}
    </Screen>
  );
}
