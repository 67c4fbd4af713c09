import type { Account } from '../../../shared/phone/phones.ts';
import { type NoticeState, useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate, usePhones } from '../../../ui/context.ts';
import { useCopy } from '../../../ui/copy.tsx';
import { Ring } from '../../../ui/countdown.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { t } from '../../../ui/texts.ts';
import { grouped, spelled, useCode } from './code.ts';
import { SignInState } from './state.tsx';
import { removedText, removedTitle, titleOf } from './words.ts';

/** One account: its name, its state, its code, and what is missing. */
export function Tile({ account }: { readonly account: Account }) {
  const { notices } = useApp();
  const usable = account.state === 'active' || account.state === 'locked';
  const quiet = account.state === 'active' && account.phoneSignIn && !account.push;
  return (
    <li class="tile">
      <Link class="tile-head" to={`/app/account/${account.phone}`}>
        <div>
          <h2>{titleOf(account)}</h2>
          <p class="hint">{account.account.username}</p>
          <SignInState account={account} />
        </div>
        <Icon name="next" />
      </Link>
      {account.hasCodes && usable ? <CodeLine phone={account.phone} /> : null}
      {quiet ? <AddNotices state={notices.state.value} /> : null}
      {account.state === 'active' ? null : <Ended account={account} />}
    </li>
  );
}

/**
 * Leads to where the reason stands, and what to do: a browser asks once, and who doesn't know why says no for good. Where
 * notices can't be, nothing is offered.
 */
export function AddNotices({ state }: { readonly state: NoticeState }) {
  if (state === 'on' || state === 'unsupported' || state === 'not_sent') return null;
  return (
    <Link class="tile-action" to="/app/settings/notices">
      <Icon name={state === 'ask' ? 'bell' : 'bell-off'} />
      {t('app.notices.add')}
    </Link>
  );
}

function CodeLine({ phone }: { readonly phone: string }) {
  const code = useCode(phone, true);
  const { copied, copy } = useCopy();
  if (!code) return <div class="code-line" />;
  return (
    <button type="button" class="code-line" onClick={() => void copy(code.digits)}>
      <span class="unseen">{t('app.code.label', { code: spelled(code.digits) })}</span>
      <span class="digits" aria-hidden="true">
        {grouped(code.digits)}
      </span>
      {copied ? (
        <span class="hint good" aria-hidden="true">
          {t('app.copied')}
        </span>
      ) : null}
      <span class="left" aria-hidden="true">
        {Math.ceil(code.left)}
      </span>
      <Ring left={code.left} period={code.period} />
      <Icon name={copied ? 'tick' : 'copy'} />
      <span class="unseen" role="status">
        {copied ? t('app.copied') : ''}
      </span>
    </button>
  );
}

/** What can no longer be used: why, since when, and the way back. */
export function Ended({ account, titled }: { readonly account: Account; readonly titled?: boolean }) {
  const phones = usePhones();
  const navigate = useNavigate();
  return (
    <div class="tile-body">
      <p>
        {account.state === 'removed' && !titled ? `${removedTitle(account)}. ` : null}
        {account.state === 'removed' ? removedText(account) : null}
        {account.state === 'locked' ? t('app.locked.text') : null}
        {account.state === 'broken' ? t('app.broken.text') : null}
      </p>
      <div class="buttons">
        <Button kind="main" onPress={() => navigate('/app/add')}>
          {t('app.add_again')}
        </Button>
        {account.state === 'locked' ? null : (
          <Button kind="quiet" onPress={() => phones.forget(account.phone).catch(() => undefined)}>
            {t('app.forget')}
          </Button>
        )}
      </div>
    </div>
  );
}
