import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Account } from '../../../shared/phone/phones.ts';
import { type NoticeState, type Theme, useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { Icon, type IconName } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { language, languages, t } from '../../../ui/texts.ts';

export function noticeWords(state: NoticeState): string {
  switch (state) {
    case 'not_sent':
      return t('app.notices.not_sent');
    case 'on':
      return t('app.notices.on');
    case 'ask':
      return t('app.notices.ask');
    case 'denied':
      return t('app.notices.denied');
    case 'install_first':
      return t('app.notices.install_first');
    case 'unsupported':
      return t('app.notices.unsupported');
  }
}

/** One account of each server: its pages have the help. */
function sitesOf(accounts: readonly Account[]): readonly Account[] {
  const known = accounts.filter((account) => /^https?:\/\//.test(account.iss));
  return [...new Map(known.map((account) => [account.iss, account])).values()];
}

/** All settings, each with its state, so that most questions are answered without opening anything. */
export function SettingsScreen(props: {
  /** What the app lock is, in words. */
  readonly lock: string;
  readonly removal: (account: Account, close: () => void) => ComponentChildren;
}) {
  const { accounts, choices, install, notices } = useApp();
  const [removing, setRemoving] = useState<Account>();
  const themes: readonly { readonly id: Theme; readonly name: string }[] = [
    { id: 'system', name: t('app.settings.theme.system') },
    { id: 'light', name: t('app.settings.theme.light') },
    { id: 'dark', name: t('app.settings.theme.dark') },
  ];
  return (
    <Screen title={t('app.settings.title')}>
      <h2>{t('app.settings.protection')}</h2>
      <div class="rows">
        <Row to="/app/settings/lock" icon="lock" title={t('app.lock.title')} state={props.lock} />
        <Row
          to="/app/settings/notices"
          icon={notices.state.value === 'on' ? 'bell' : 'bell-off'}
          title={t('app.notices.title')}
          state={noticeWords(notices.state.value)}
        />
        {install.state.value === 'can' ? (
          <button type="button" class="row" onClick={() => void install.ask()}>
            <Icon name="download" />
            <div>{t('app.install.button')}</div>
          </button>
        ) : null}
      </div>
      <h2>{t('app.settings.look')}</h2>
      <div class="card choices">
        <Choice
          name="theme"
          label={t('app.settings.theme')}
          options={themes}
          value={choices.theme.value}
          onChoose={(theme) => void choices.setTheme(theme)}
        />
        <Choice
          name="language"
          label={t('app.settings.language')}
          options={languages}
          value={language()}
          onChoose={(id) => void choices.setLanguage(id)}
        />
      </div>
      <h2>{t('app.settings.help')}</h2>
      <div class="rows">
        {sitesOf(accounts.value ?? []).map((account) => (
          <a
            key={account.iss}
            class="row"
            href={new URL('/help', account.iss).href}
            target="_blank"
            rel="noopener noreferrer"
          >
            <Icon name="phone" />
            <div>
              {t('app.settings.guide')}
              <p class="hint">{account.account.organisation ?? account.account.name}</p>
            </div>
          </a>
        ))}
        <Row to="/app/settings/clock" icon="activity" title={t('app.clock.title')} state={t('app.clock.short')} />
        <Row to="/app/settings/about" icon="info" title={t('app.about.title')} state={t('app.about.short')} />
        <Row to="/app/settings/log" icon="share" title={t('app.log.title')} state={t('app.log.short')} />
      </div>
      <h2>{t('app.settings.accounts')}</h2>
      {accounts.value?.length ? (
        <>
          <p class="hint">{t('app.settings.accounts_hint')}</p>
          <ul class="rows">
            {accounts.value.map((account) => (
              <li key={account.phone} class="row">
                <div>
                  {account.account.organisation ?? account.account.name}
                  <p class="hint">{account.account.username}</p>
                </div>
                <Button
                  kind="quiet"
                  class="bad"
                  label={t('app.settings.remove', { account: account.account.username })}
                  onPress={() => setRemoving(account)}
                >
                  {t('app.account.remove.yes')}
                </Button>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p class="hint">{t('app.settings.accounts_none')}</p>
      )}
      {removing ? props.removal(removing, () => setRemoving(undefined)) : null}
    </Screen>
  );
}

function Row(props: { readonly to: string; readonly icon: IconName; readonly title: string; readonly state: string }) {
  return (
    <Link class="row" to={props.to}>
      <Icon name={props.icon} />
      <div>
        {props.title}
        <p class="hint">{props.state}</p>
      </div>
      <Icon name="next" />
    </Link>
  );
}

function Choice<T extends string>(props: {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly id: T; readonly name: string }[];
  readonly value: T;
  readonly onChoose: (id: T) => void;
}) {
  return (
    <fieldset>
      <legend>{props.label}</legend>
      <div class="segments">
        {props.options.map(({ id, name }) => (
          <label key={id} lang={props.name === 'language' ? id : undefined}>
            <input type="radio" name={props.name} checked={props.value === id} onChange={() => props.onChoose(id)} />
            <span>{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
