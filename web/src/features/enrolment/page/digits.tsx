import { useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { Countdown } from '../../../ui/countdown.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import type { Flow, Step } from '../shared/flow.ts';

/** Six digits to type where the QR code was, as large as they fit. */
export function DigitsStep(props: {
  readonly flow: Flow;
  readonly step: Extract<Step, { kind: 'digits' }>;
  /** They are typed in this window, on the page before this one. */
  readonly sameWindow: boolean;
  readonly onStop: () => void;
}) {
  const { flow, step, sameWindow, onStop } = props;
  const { proved, offline } = step;
  const [asks, setAsks] = useState(false);
  const { digits } = proved;
  return (
    <Screen
      title={sameWindow ? t('app.setup.digits.title_here') : t('app.setup.digits.title')}
      class="setup"
      footer={
        <Button kind="quiet" class="wide" onPress={() => setAsks(true)}>
          {t('app.setup.digits.stop')}
        </Button>
      }
    >
      <p class="setup-who" translate={false}>
        <bdi>{proved.account.username}</bdi>
        {proved.account.organisation === undefined ? null : (
          <>
            {' · '}
            <bdi>{proved.account.organisation}</bdi>
          </>
        )}
      </p>
      <p
        class="digits six"
        role="img"
        aria-label={t('app.setup.digits.spoken', { digits: digits.split('').join(' ') })}
        translate={false}
      >
        {digits.slice(0, 3)} {digits.slice(3)}
      </p>
      <p class="setup-task">{sameWindow ? t('app.setup.digits.where_here') : t('app.setup.digits.where')}</p>
      {sameWindow ? <CopyAndBack digits={digits} /> : null}
      <Countdown until={proved.exp} />
      <p class="setup-live" role="status">
        {offline ? t('app.setup.digits.offline') : t('app.setup.digits.waiting')}
      </p>
      {sameWindow ? null : (
        <CopyButton class="quiet" text={() => digits}>
          {t('app.setup.digits.copy')}
        </CopyButton>
      )}
      <p class="hint">{t('app.setup.digits.why')}</p>
      {asks ? (
        <Dialog
          title={t('app.setup.digits.stop_title')}
          onClose={() => setAsks(false)}
          actions={
            <Button
              kind="danger"
              onPress={async () => {
                await flow.leave();
                onStop();
              }}
            >
              {t('app.setup.digits.stop')}
            </Button>
          }
        >
          <p>{t('app.setup.digits.stop_text')}</p>
        </Dialog>
      ) : null}
    </Screen>
  );
}

/** The digits are kept: coming back to the app goes on where this was left. */
function CopyAndBack({ digits }: { readonly digits: string }) {
  return (
    <div class="buttons stack">
      <CopyButton class="wide" text={() => digits}>
        {t('app.setup.digits.copy')}
      </CopyButton>
      <Button kind="main" class="wide" onPress={() => history.back()}>
        {t('app.setup.digits.go_back')}
      </Button>
    </div>
  );
}
