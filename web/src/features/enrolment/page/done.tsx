import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Account } from '../../../shared/phone/phones.ts';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate } from '../../../ui/context.ts';
import { Icon } from '../../../ui/icon.tsx';
import { InstallCard } from '../../../ui/install-card.tsx';
import { isolated } from '../../../ui/isolated.ts';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import type { Flow } from '../shared/flow.ts';

/** Ready. What makes it better is offered here, while it is clear what for; each works without. */
export function DoneStep(props: {
  readonly flow: Flow;
  readonly account: Account;
  /** Where the first request shows up, as the frame gives it: the practice is likely next. */
  readonly waiting: ComponentChildren;
}) {
  const { flow, account } = props;
  const app = useApp();
  const navigate = useNavigate();
  useEffect(() => {
    void app.persist();
    // Permission may stand from another account: this one is subscribed as well.
    void app.notices.refresh();
  }, [app]);
  const finish = () => {
    void flow.leave();
    navigate('/app/', { replace: true });
  };
  const asks = app.notices.state.value === 'ask';
  return (
    <Screen
      title={t('app.setup.done.title')}
      class="setup done"
      footer={
        <Button kind={asks ? 'plain' : 'main'} class="wide" onPress={finish}>
          {t('app.setup.done.go')}
        </Button>
      }
    >
      <p class="done-sign" role="status">
        <Icon name="tick" />
        <span>{t('app.setup.done.text', { account: isolated(account.account.username) })}</span>
      </p>
      <p>{t('app.setup.done.try.text')}</p>
      {props.waiting}
      <Notices />
      <InstallCard />
    </Screen>
  );
}

function Notices() {
  const { notices } = useApp();
  switch (notices.state.value) {
    case 'not_sent':
      return <p>{t('app.setup.done.notices.not_sent')}</p>;
    case 'ask':
      return (
        <section class="card">
          <h2>{t('app.setup.done.notices.title')}</h2>
          <p>{t('app.setup.done.notices.text')}</p>
          <Button kind="main" class="wide" onPress={() => notices.ask()}>
            <Icon name="bell" />
            {t('app.setup.done.notices.on')}
          </Button>
        </section>
      );
    case 'on':
      return (
        <p class="with-icon" role="status">
          <Icon name="bell" />
          {t('app.setup.done.notices.is_on')}
        </p>
      );
    case 'denied':
      return <p role="status">{t('app.setup.done.notices.denied')}</p>;
    case 'install_first':
      return <p>{t('app.setup.done.notices.home')}</p>;
    case 'unsupported':
      return <p>{t('app.setup.done.notices.none')}</p>;
  }
}
