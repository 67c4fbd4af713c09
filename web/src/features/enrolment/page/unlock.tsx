import type { Enrolment, Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { FailureNotice } from '../../../ui/failure.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { isolated } from '../../../ui/isolated.ts';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import type { Flow, Step } from '../shared/flow.ts';

/** Who sets the rules, for sentences. */
export function ruler({ account }: Enrolment): string {
  return account.organisation === undefined ? t('app.setup.someone') : isolated(account.organisation);
}

/** Finger, face or screen lock, and why. */
export function UnlockStep(props: {
  readonly flow: Flow;
  readonly step: Extract<Step, { kind: 'unlock' }>;
  readonly onStop: () => void;
}) {
  const { flow, step, onStop } = props;
  const { enrolment, plan, failure } = step;
  return (
    <Screen title={t('app.setup.unlock.title')} class="setup" back={onStop}>
      <div class="setup-sign">
        <Icon name="finger" />
      </div>
      <p>{t('app.setup.unlock.text')}</p>
      {plan.thenPin ? <p>{t('app.setup.unlock.then_pin', { organisation: ruler(enrolment) })}</p> : null}
      {failure ? <NotSet failure={failure} /> : null}
      <div class="buttons stack">
        <Button kind="main" class="wide" busy={flow.busy.value} onPress={() => flow.usePlatform()}>
          {t('app.setup.unlock.platform')}
        </Button>
        {plan.pinInstead ? (
          <Button kind={failure ? 'plain' : 'quiet'} class="wide" onPress={() => flow.choosePin()}>
            {t('app.setup.unlock.pin')}
          </Button>
        ) : null}
      </div>
    </Screen>
  );
}

function NotSet({ failure }: { readonly failure: Failure }) {
  if (failure.kind === 'unlock_cancelled')
    return (
      <Notice live kind="warning" title={t('app.setup.unlock.cancelled.title')}>
        <p>{t('app.setup.unlock.cancelled.text')}</p>
      </Notice>
    );
  if (failure.kind === 'unlock_missing')
    return (
      <Notice live kind="warning" title={t('app.setup.unlock.missing.title')}>
        <p>{t('app.setup.unlock.missing.text')}</p>
      </Notice>
    );
  return <FailureNotice failure={failure} />;
}

/** Policy allows only what this phone does not have. */
export function ImpossibleStep(props: {
  readonly flow: Flow;
  readonly step: Extract<Step, { kind: 'impossible' }>;
  readonly onStop: () => void;
}) {
  const { flow, step, onStop } = props;
  return (
    <Screen title={t('app.setup.impossible.title')} class="setup" back={onStop}>
      <div class="setup-sign">
        <Icon name="lock" />
      </div>
      <p role="status">{t('app.setup.impossible.text', { organisation: ruler(step.enrolment) })}</p>
      <div class="buttons stack">
        <Button kind="main" class="wide" busy={flow.busy.value} onPress={() => flow.lookAgain()}>
          {t('app.setup.impossible.again')}
        </Button>
        <Button class="wide" onPress={onStop}>
          {t('app.invite.stop')}
        </Button>
      </div>
    </Screen>
  );
}
