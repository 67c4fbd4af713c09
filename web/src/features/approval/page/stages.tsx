import { useState } from 'preact/hooks';
import type { Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { failureWords } from '../../../ui/failure.tsx';
import { isolated } from '../../../ui/isolated.ts';
import { Link } from '../../../ui/link.tsx';
import { PinField } from '../../../ui/pin-field.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { count, t } from '../../../ui/texts.ts';
import { date } from '../../../ui/time.ts';
import type { Answer } from '../shared/answer.ts';

function wrongPin(left: number | undefined): string {
  if (left === undefined) return t('app.request.pin.wrong');
  return count('app.request.pin.wrong_one', 'app.request.pin.wrong_many', left);
}

/** The PIN of this account. The number was typed before, and is kept. */
export function PinStage(props: {
  readonly answer: Answer;
  readonly busy: boolean;
  readonly wrong: boolean;
  readonly left: number | undefined;
}) {
  const { answer, busy, wrong, left } = props;
  const [pin, setPin] = useState('');
  const [empty, setEmpty] = useState(false);
  const [sent, setSent] = useState(false);
  const send = () => {
    if (busy) return;
    setEmpty(pin === '');
    if (pin === '') return;
    setSent(true);
    setPin('');
    void answer.approveByPin(pin);
  };
  const error = empty ? t('app.request.pin.empty') : wrong && !busy ? wrongPin(left) : undefined;
  return (
    <Screen title={t('app.request.pin.title')} class="request-pin" back={() => answer.back()}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <PinField
          label={t('app.request.pin.label')}
          hint={t('app.request.pin.hint', { account: isolated(answer.request.account.username) })}
          error={error}
          value={pin}
          onInput={(value) => {
            setPin(value);
            setEmpty(false);
          }}
          inputRef={focusOnce}
        />
        <div class="buttons stack">
          <Button submit kind="main" class="wide" busy={busy && sent}>
            {t('app.request.approve')}
          </Button>
          {answer.request.unlock.includes('webauthn') ? (
            <Button kind="quiet" onPress={() => answer.approveByPlatform()}>
              {t('app.request.platform_instead')}
            </Button>
          ) : null}
        </div>
      </form>
    </Screen>
  );
}

const focused = new WeakSet<HTMLInputElement>();
/** The field takes the focus when it comes, and never again: a keyboard that was closed stays closed. */
function focusOnce(element: HTMLInputElement | null): void {
  if (!element || focused.has(element)) return;
  focused.add(element);
  element.focus();
}

/** No and "it wasn't me" stay where they are, whatever happened to the yes. */
function Refusals({ answer }: { readonly answer: Answer }) {
  return (
    <div class="buttons stack">
      <Button class="answer no wide" onPress={() => answer.refuse('deny')}>
        {t('app.request.deny')}
      </Button>
      <Button kind="quiet" class="bad" onPress={() => answer.refuse('report')}>
        {t('app.request.not_me')}
      </Button>
    </div>
  );
}

/** The platform did not confirm: again, or another way. */
export function NotUnlocked({ answer, gone }: { readonly answer: Answer; readonly gone: boolean }) {
  const pin = answer.request.unlock.includes('pin');
  const title = gone ? t('app.request.unlock_gone.title') : t('app.request.not_unlocked.title');
  const lost = pin ? t('app.request.unlock_gone.pin') : t('app.request.unlock_gone.text');
  return (
    <Screen title={title} class="request-trouble" back={() => answer.back()} footer={<Refusals answer={answer} />}>
      <p role="status">{gone ? lost : t('app.request.not_unlocked.text')}</p>
      <div class="buttons stack">
        {gone ? null : (
          <Button kind="main" class="wide" onPress={() => answer.approveByPlatform()}>
            {t('app.try_again')}
          </Button>
        )}
        {pin ? (
          <Button kind={gone ? 'main' : 'plain'} class="wide" onPress={() => answer.askPin()}>
            {t('app.request.pin.instead')}
          </Button>
        ) : null}
      </div>
    </Screen>
  );
}

/** No tries left: saying no is all that this phone can do. */
export function Locked({ answer }: { readonly answer: Answer }) {
  return (
    <Screen
      title={t('app.request.locked.title')}
      class="request-trouble"
      back="/app/"
      footer={<Refusals answer={answer} />}
    >
      <p role="status">{t('app.request.locked.text')}</p>
    </Screen>
  );
}

/** Nobody knows whether the answer arrived; the same one may be sent again. */
export function Lost({ answer, busy }: { readonly answer: Answer; readonly busy: boolean }) {
  return (
    <Screen title={t('app.request.lost.title')} class="request-trouble" back="/app/">
      <p role="status">{answer.alone ? t('app.request.lost.by_itself') : t('app.request.lost.by_hand')}</p>
      <Button kind="main" class="wide" busy={busy} onPress={() => answer.sendAgain()}>
        {t('app.request.send_again')}
      </Button>
    </Screen>
  );
}

/** What trying again may help, or not: in the words of the failure. */
export function Failed(props: { readonly answer: Answer; readonly failure: Failure; readonly again: boolean }) {
  const { answer, failure, again } = props;
  const { title, text } = failure.kind === 'removed' ? removedWords(failure) : failureWords(failure);
  return (
    <Screen title={title} class="request-trouble" back="/app/">
      <p role={failure.kind === 'server_key' ? 'alert' : 'status'}>{text}</p>
      <div class="buttons stack">
        {again ? (
          <Button kind="main" class="wide" onPress={() => answer.back()}>
            {t('app.try_again')}
          </Button>
        ) : null}
        {failure.kind === 'removed' || failure.kind === 'keys_gone' ? (
          <Link to="/app/add" class="button main wide">
            {t('app.add_again')}
          </Link>
        ) : null}
      </div>
    </Screen>
  );
}

/** By whom and when, as far as the server told. */
function removedWords(failure: Failure): { readonly title: string; readonly text: string } {
  const { removedAt, removedBy } = failure;
  if (removedAt === undefined || removedBy === undefined) return failureWords(failure);
  const titles = {
    self: t('app.removed.title.self'),
    user: t('app.removed.title.user'),
    administrator: t('app.removed.title.administrator'),
  };
  return { title: titles[removedBy], text: t('app.removed.text', { date: date(removedAt) }) };
}
