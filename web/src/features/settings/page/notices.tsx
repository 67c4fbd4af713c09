import { useEffect, useState } from 'preact/hooks';
import { type TestOutcome, useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { moment } from '../../../ui/time.ts';
import { noticeWords } from './settings-screen.tsx';

/** Whether notices come, why, a test, and what to do where they don't. */
export function NoticesScreen() {
  const { accounts, notices } = useApp();
  const state = notices.state.value;
  const live = (accounts.value ?? []).filter((one) => one.state === 'active' && one.phoneSignIn);
  return (
    <Screen title={t('app.notices.title')} back="/app/settings">
      <p class="with-icon state-line" role="status">
        <Icon name={state === 'on' ? 'bell' : 'bell-off'} />
        <strong>{noticeWords(state)}</strong>
      </p>
      <p>{state === 'not_sent' ? t('app.notices.not_sent_text') : t('app.notices.why')}</p>
      {state === 'ask' ? (
        <Button kind="main" class="wide" onPress={() => notices.ask()}>
          {t('app.notices.allow')}
        </Button>
      ) : null}
      {state === 'denied' ? <p>{t('app.notices.denied_text')}</p> : null}
      {state === 'install_first' ? <p>{t('app.notices.install_text')}</p> : null}
      {state === 'unsupported' ? <p>{t('app.notices.unsupported_text')}</p> : null}
      {state === 'on' ? (
        <>
          <Delivery />
          {live.some((one) => !one.push) ? (
            <Notice
              kind="info"
              title={t('app.account.notices.off')}
              actions={<Button onPress={() => notices.refresh()}>{t('app.notices.retry')}</Button>}
            >
              <p>{t('app.notices.no_push')}</p>
            </Notice>
          ) : null}
          <SelfTest />
        </>
      ) : null}
    </Screen>
  );
}

function Delivery() {
  const { notices } = useApp();
  const phones = usePhones();
  const [last, setLast] = useState<number>();
  useEffect(() => {
    const read = () => void notices.lastDelivery().then(setLast);
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [notices]);
  return (
    <dl class="facts">
      <div>
        <dt>{t('app.notices.last')}</dt>
        <dd>{last === undefined ? t('app.notices.none') : moment(last, phones.now())}</dd>
      </div>
    </dl>
  );
}

function SelfTest() {
  const { notices } = useApp();
  const [came, setCame] = useState<TestOutcome | 'waiting'>();
  const send = async () => {
    setCame('waiting');
    setCame(await notices.test());
  };
  return (
    <>
      <Button class="wide" onPress={send}>
        <Icon name="bell" />
        {t('app.notices.test')}
      </Button>
      <p class="hint">{t('app.notices.test_hint')}</p>
      <div role="status">
        {came === 'waiting' ? <p>{t('app.notices.test_waiting')}</p> : null}
        {came === 'arrived' ? <p class="good">{t('app.notices.test_arrived')}</p> : null}
        {came === 'late' ? <p class="warn">{t('app.notices.test_late')}</p> : null}
        {came === 'no_address' ? <p class="warn">{t('app.notices.no_push')}</p> : null}
        {came === 'failed' ? <p class="warn">{t('app.notices.test_failed')}</p> : null}
      </div>
    </>
  );
}
