import type { Account } from '../../../shared/phone/phones.ts';
import { t } from '../../../ui/texts.ts';
import { date } from '../../../ui/time.ts';

/** The name that a person knows the account by: the organisation, or whose account it is. */
export function titleOf(account: Account): string {
  return account.account.organisation ?? account.account.name;
}

export function kindOf(account: Account): string {
  return account.account.kind === 'work' ? t('app.account.kind.work') : t('app.account.kind.personal');
}

export function removedTitle(account: Account): string {
  switch (account.removed?.by) {
    case 'self':
      return t('app.removed.title.self');
    case 'administrator':
      return t('app.removed.title.administrator');
    default:
      return t('app.removed.title.user');
  }
}

export function removedText(account: Account): string {
  return t('app.removed.text', { date: date(account.removed?.at ?? account.addedAt) });
}
