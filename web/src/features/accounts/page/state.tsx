import type { Account } from '../../../shared/phone/phones.ts';
import { Icon } from '../../../ui/icon.tsx';
import { t } from '../../../ui/texts.ts';

/** Whether this phone can sign the account in: always an icon and words, never a colour alone. */
export function SignInState({ account }: { readonly account: Account }) {
  switch (account.state) {
    case 'removed':
      return (
        <p class="sign-in-state bad">
          <Icon name="stop" />
          {t('app.signin.removed')}
        </p>
      );
    case 'locked':
      return (
        <p class="sign-in-state bad">
          <Icon name="lock" />
          {t('app.signin.locked')}
        </p>
      );
    case 'broken':
      return (
        <p class="sign-in-state bad">
          <Icon name="key" />
          {t('app.signin.broken')}
        </p>
      );
    default:
      return account.phoneSignIn ? (
        <p class="sign-in-state good">
          <Icon name="tick" />
          {t('app.signin.on')}
        </p>
      ) : (
        <p class="sign-in-state todo">
          <Icon name="phone" />
          {t('app.signin.enable')}
        </p>
      );
  }
}
