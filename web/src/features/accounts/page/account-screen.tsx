import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Account } from '../../../shared/phone/phones.ts';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate, usePhones } from '../../../ui/context.ts';
import { CopyButton } from '../../../ui/copy.tsx';
import { Ring } from '../../../ui/countdown.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { moment } from '../../../ui/time.ts';
import { ChangePinDialog } from './change-pin.tsx';
import { grouped, spelled, useCode } from './code.ts';
import { RemoveDialog, RenameDialog, TurnOffDialog } from './dialogs.tsx';
import { EnableButton } from './enable.tsx';
import { Quiet } from './quiet.tsx';
import { AddNotices, Ended } from './tile.tsx';
import { kindOf, removedTitle, titleOf } from './words.ts';

type Open = 'off' | 'rename' | 'pin' | 'remove';

/** One account, full screen: everything about it, and everything that can be done with it. */
export function AccountScreen(props: { readonly id: string; readonly activity: ComponentChildren }) {
  const { accounts } = useApp();
  const navigate = useNavigate();
  const phones = usePhones();
  const account = accounts.value?.find((one) => one.phone === props.id);
  useEffect(() => {
    // What the server changed meanwhile; without a network what is known stays.
    phones.refresh(props.id).catch(() => undefined);
  }, [phones, props.id]);
  if (accounts.value === undefined) return null;
  if (!account)
    return (
      <Screen title={t('app.account.missing.title')} back="/app/">
        <p>{t('app.account.missing.text')}</p>
        <Button kind="main" onPress={() => navigate('/app/')}>
          {t('app.account.to_accounts')}
        </Button>
      </Screen>
    );
  return (
    <Screen
      title={titleOf(account)}
      subtitle={`${account.account.username} · ${kindOf(account)}`}
      back="/app/"
      class="account"
    >
      {account.state === 'active' ? <PhoneSignIn account={account} /> : <EndedNotice account={account} />}
      {account.state === 'active' && account.phoneSignIn ? <Quiet account={account} /> : null}
      {account.hasCodes && (account.state === 'active' || account.state === 'locked') ? (
        <BigCode phone={account.phone} />
      ) : null}
      {account.state === 'broken' ? null : <Facts account={account} />}
      {account.state === 'active' || account.state === 'locked' ? (
        <details class="fold">
          <summary>
            <Icon name="activity" />
            {t('app.account.activity')}
          </summary>
          {props.activity}
        </details>
      ) : null}
      {account.state === 'broken' ? null : <Manage account={account} />}
    </Screen>
  );
}

function PhoneSignIn({ account }: { readonly account: Account }) {
  if (account.phoneSignIn)
    return (
      <Notice kind="good" title={t('app.signin.on')}>
        <p>{t('app.account.signin.on_text')}</p>
      </Notice>
    );
  return (
    <div class="card">
      <h2 class="with-icon">
        <Icon name="phone" />
        {t('app.signin.off')}
      </h2>
      <p>{t('app.account.signin.off_text')}</p>
      <EnableButton account={account} />
    </div>
  );
}

function EndedNotice({ account }: { readonly account: Account }) {
  const titles = {
    removed: removedTitle(account),
    locked: t('app.locked.title'),
    broken: t('app.broken.title'),
    active: '',
  };
  return (
    <Notice kind="bad" title={titles[account.state]}>
      <Ended account={account} titled />
    </Notice>
  );
}

function BigCode({ phone }: { readonly phone: string }) {
  const code = useCode(phone, true);
  return (
    <section class="card big-code">
      <h2>{t('app.code.title')}</h2>
      {/* Its place is kept until it is there: below are buttons that must not move under a finger. */}
      <div class={code ? '' : 'held'}>
        <div class="big-code-line">
          <span class="digits" aria-hidden="true">
            {grouped(code?.digits ?? '000000')}
          </span>
          <span class="unseen">{spelled(code?.digits ?? '')}</span>
          <Ring left={code?.left ?? 0} period={code?.period ?? 30} />
        </div>
        <p class="hint">{t('app.code.next', { count: Math.ceil(code?.left ?? 0) })}</p>
        <CopyButton class="wide" text={() => code?.digits ?? ''}>
          {t('app.code.copy')}
        </CopyButton>
      </div>
      <p class="hint below">{t('app.code.hint')}</p>
    </section>
  );
}

function Facts({ account }: { readonly account: Account }) {
  const phones = usePhones();
  const { notices } = useApp();
  const now = phones.now();
  const live = account.state === 'active' && account.phoneSignIn;
  return (
    <>
      <dl class="facts">
        {live ? (
          <div>
            <dt>{t('app.account.notices')}</dt>
            <dd>{account.push ? t('app.notices.on') : t('app.account.notices.off')}</dd>
          </div>
        ) : null}
        <div>
          <dt>{t('app.account.last_used')}</dt>
          <dd>{account.lastUsedAt === undefined ? t('app.account.never') : moment(account.lastUsedAt, now)}</dd>
        </div>
        {account.unlock.length > 0 ? (
          <div>
            <dt>{t('app.account.unlock')}</dt>
            <dd>
              {account.unlock.includes('webauthn') ? t('app.account.unlock.webauthn') : t('app.account.unlock.pin')}
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{t('app.account.phone_name')}</dt>
          <dd>{account.name}</dd>
        </div>
        <div>
          <dt>{t('app.account.added')}</dt>
          <dd>{moment(account.addedAt, now)}</dd>
        </div>
      </dl>
      {live && !account.push ? (
        <div class="rows">
          <AddNotices state={notices.state.value} />
        </div>
      ) : null}
    </>
  );
}

function Manage({ account }: { readonly account: Account }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState<Open>();
  const [changed, setChanged] = useState(false);
  const close = () => setOpen(undefined);
  const active = account.state === 'active';
  const pin = account.unlock.includes('pin') || account.policy.app_pin;
  return (
    <>
      <h2>{t('app.account.manage')}</h2>
      {changed ? <Notice live kind="good" title={t('app.account.pin.done')} /> : null}
      <div class="rows">
        {active ? (
          <button type="button" class="row" onClick={() => setOpen('rename')}>
            <Icon name="pen" />
            <div>{t('app.account.rename')}</div>
          </button>
        ) : null}
        {active && pin ? (
          <button type="button" class="row" onClick={() => setOpen('pin')}>
            <Icon name="lock" />
            <div>{account.unlock.includes('pin') ? t('app.account.pin') : t('app.account.pin.set')}</div>
          </button>
        ) : null}
        {active && account.phoneSignIn ? (
          <button type="button" class="row" onClick={() => setOpen('off')}>
            <Icon name="phone" />
            <div>{t('app.account.signin.turn_off')}</div>
          </button>
        ) : null}
        <button type="button" class="row bad" onClick={() => setOpen('remove')}>
          <Icon name="bin" />
          <div>{t('app.account.remove')}</div>
        </button>
      </div>
      {open === 'off' ? <TurnOffDialog account={account} onClose={close} /> : null}
      {open === 'rename' ? <RenameDialog account={account} onClose={close} /> : null}
      {open === 'remove' ? (
        <RemoveDialog account={account} onClose={close} onDone={() => navigate('/app/', { replace: true })} />
      ) : null}
      {open === 'pin' ? (
        <ChangePinDialog
          account={account}
          onClose={close}
          onDone={() => {
            setChanged(true);
            close();
          }}
        />
      ) : null}
    </>
  );
}
