import type { Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate } from '../../../ui/context.ts';
import { failureWords } from '../../../ui/failure.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { type Flow, passes } from '../shared/flow.ts';

/** What happened, whether anything is lost, and what to do. In red where somebody may stand between. */
export function FailedStep(props: {
  readonly flow: Flow;
  readonly failure: Failure;
  readonly onBack: () => void;
  readonly backLabel: string;
}) {
  const { flow, failure, onBack, backLabel } = props;
  const navigate = useNavigate();
  const words = wordsOf(failure);
  const danger = failure.kind === 'offer' || failure.kind === 'server_key';
  const again = passes(failure);
  const retry = () => (flow.step.value.kind === 'not_proved' ? flow.proveAgain() : flow.claimAgain());
  const home = () => {
    void flow.leave();
    navigate('/app/', { replace: true });
  };
  return (
    <Screen
      title={words.title}
      class={`setup failed ${danger ? 'danger' : ''}`}
      footer={
        <div class="buttons stack">
          {again ? (
            <Button kind="main" class="wide" busy={flow.busy.value} onPress={retry}>
              {t('app.try_again')}
            </Button>
          ) : null}
          <Button kind={again ? 'plain' : 'main'} class="wide" onPress={onBack}>
            {backLabel}
          </Button>
          {again || backLabel === t('app.setup.to_accounts') ? null : (
            <Button kind="quiet" onPress={home}>
              {t('app.setup.to_accounts')}
            </Button>
          )}
        </div>
      }
    >
      <div class={`failed-words ${danger ? 'bad' : ''}`} role={danger ? 'alert' : 'status'}>
        <Icon name={danger ? 'stop' : again ? 'offline' : 'warning'} />
        <p>{words.text}</p>
      </div>
    </Screen>
  );
}

function wordsOf(failure: Failure): { readonly title: string; readonly text: string } {
  if (failure.code === 'policy' && failure.reason === 'one_work_account') {
    return { title: t('app.setup.stopped.one_work.title'), text: t('app.setup.stopped.one_work.text') };
  }
  return failureWords(failure);
}
