import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate, usePhones } from '../../../ui/context.ts';
import { Icon, Mark } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import './accounts.css';
import { Expect } from './expect.tsx';
import { ENOUGH, follow, usePull } from './pull.ts';
import { Tile } from './tile.tsx';

/** Nobody was here yet; or the browser deleted what was kept, and then that is said first. */
function Empty() {
  const navigate = useNavigate();
  const evicted = usePhones().evicted();
  return (
    <div class="empty">
      <Mark />
      <h2>{evicted ? t('app.evicted.title') : t('app.accounts.empty.title')}</h2>
      <p>{evicted ? t('app.evicted.text') : t('app.accounts.empty.text')}</p>
      {evicted ? <p>{t('app.evicted.next')}</p> : null}
      <Button kind="main" onPress={() => navigate('/app/add')}>
        {t('app.accounts.add')}
      </Button>
    </div>
  );
}

/** All accounts of this phone. `waiting` is what waits for an answer; `offer` what the app suggests, if anything. */
export function AccountsScreen(props: {
  readonly waiting: ComponentChildren;
  readonly offer: ComponentChildren;
  readonly onRefresh: () => Promise<void>;
}) {
  const { accounts } = useApp();
  const navigate = useNavigate();
  const [refreshing, setRefreshing] = useState<'no' | 'now' | 'done'>('no');
  const refresh = async () => {
    if (refreshing === 'now') return;
    setRefreshing('now');
    await props.onRefresh();
    setRefreshing('done');
  };
  const pulled = usePull(() => void refresh());
  const list = accounts.value;
  return (
    <Screen
      title={t('app.accounts.title')}
      class="accounts"
      actions={
        <>
          <button
            type="button"
            class={`icon-button ${refreshing === 'now' ? 'turning' : ''}`}
            aria-label={t('app.accounts.refresh')}
            onClick={() => void refresh()}
          >
            <Icon name="refresh" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label={t('app.accounts.add')}
            onClick={() => navigate('/app/add')}
          >
            <Icon name="add" />
          </button>
        </>
      }
    >
      {pulled > 0 ? (
        <div class={`pull ${pulled >= follow(ENOUGH) ? 'enough' : ''}`} style={{ height: pulled }} aria-hidden="true">
          <Icon name="refresh" />
        </div>
      ) : null}
      <p class="unseen" role="status">
        {refreshing === 'now' ? t('app.accounts.refreshing') : ''}
        {refreshing === 'done' ? t('app.accounts.refreshed') : ''}
      </p>
      {props.waiting}
      {list === undefined ? null : list.length === 0 ? (
        <Empty />
      ) : (
        <>
          <ul class="tiles" aria-label={t('app.accounts.list')}>
            {list.map((account) => (
              <Tile key={account.phone} account={account} />
            ))}
          </ul>
          <Expect accounts={list} />
        </>
      )}
      {props.offer}
      <Link class="missing" to="/app/add">
        <span>
          <strong>{t('app.accounts.missing.title')}</strong>
          <span class="hint">
            {list?.length === 0 ? t('app.accounts.missing.empty') : t('app.accounts.missing.text')}
          </span>
        </span>
      </Link>
    </Screen>
  );
}
