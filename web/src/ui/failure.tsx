/** Every failure in words: what happened, whether anything is lost, what to do. Never a code alone. */
import type { ComponentChildren } from 'preact';
import { Failure } from '../shared/phone/phones.ts';
import { Button } from './button.tsx';
import { Notice } from './notice.tsx';
import { count, t } from './texts.ts';

interface Words {
  readonly title: string;
  readonly text: string;
}

/** What was thrown, as a `Failure`: anything else is a fault of ours, and has its words too. */
export function asFailure(thrown: unknown): Failure | undefined {
  return thrown instanceof Failure ? thrown : undefined;
}

export function failureWords(failure: Failure | undefined): Words {
  switch (failure?.kind) {
    case 'offline':
      return { title: t('app.failure.offline.title'), text: t('app.failure.offline.text') };
    case 'garbled':
      return { title: t('app.failure.garbled.title'), text: t('app.failure.garbled.text') };
    case 'refused':
      return refused(failure);
    case 'removed':
      return { title: t('app.failure.removed.title'), text: t('app.failure.removed.text') };
    case 'busy':
      return {
        title: t('app.failure.busy.title'),
        text: `${t('app.failure.busy.text')} ${again(failure.retryAfter)}`.trim(),
      };
    case 'server_key':
      return { title: t('app.failure.server_key.title'), text: t('app.failure.server_key.text') };
    case 'offer':
      return { title: t('app.failure.offer.title'), text: t('app.failure.offer.text') };
    case 'wrong_pin':
      return {
        title: t('app.failure.wrong_pin.title'),
        text: `${t('app.failure.wrong_pin.text')} ${triesLeft(failure)}`.trim(),
      };
    case 'unlock_cancelled':
      return { title: t('app.failure.unlock_cancelled.title'), text: t('app.failure.unlock_cancelled.text') };
    case 'unlock_missing':
      return { title: t('app.failure.unlock_missing.title'), text: t('app.failure.unlock_missing.text') };
    case 'storage':
      return { title: t('app.failure.storage.title'), text: t('app.failure.storage.text') };
    case 'keys_gone':
      return { title: t('app.failure.keys_gone.title'), text: t('app.failure.keys_gone.text') };
    case 'version':
      return { title: t('app.failure.version.title'), text: t('app.failure.version.text') };
    case undefined:
      return { title: t('app.failure.unknown.title'), text: t('app.failure.unknown.text') };
  }
}

/** "3 tries left.", or nothing where it is not known. */
export function triesLeft(failure: Failure): string {
  if (failure.left === undefined) return '';
  return count('app.failure.wrong_pin.one', 'app.failure.wrong_pin.many', failure.left);
}

function again(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 60) return count('app.failure.busy.second', 'app.failure.busy.seconds', Math.max(1, seconds));
  return count('app.failure.busy.minute', 'app.failure.busy.minutes', Math.ceil(seconds / 60));
}

function refused(failure: Failure): Words {
  switch (failure.state ?? failure.code) {
    case 'REJECTED':
      return { title: t('app.failure.rejected.title'), text: t('app.failure.rejected.text') };
    case 'EXPIRED':
      return { title: t('app.failure.expired.title'), text: t('app.failure.expired.text') };
    case 'CANCELLED':
      return { title: t('app.failure.cancelled.title'), text: t('app.failure.cancelled.text') };
    case 'locked':
      return { title: t('app.failure.locked.title'), text: t('app.failure.locked.text') };
    case 'not_active':
      return { title: t('app.failure.not_active.title'), text: t('app.failure.not_active.text') };
    case 'policy':
      return { title: t('app.failure.policy.title'), text: policy(failure.reason) };
    case 'not_found':
      return { title: t('app.failure.not_found.title'), text: t('app.failure.not_found.text') };
    case 'taken':
      return { title: t('app.failure.taken.title'), text: t('app.failure.taken.text') };
    case 'gone':
      return { title: t('app.failure.gone.title'), text: t('app.failure.gone.text') };
    case 'already_settled':
    case 'expired':
      return { title: t('app.failure.over.title'), text: t('app.failure.over.text') };
    case 'wrong_number':
      return { title: t('app.failure.wrong_number.title'), text: t('app.failure.wrong_number.text') };
    case 'weak_pin':
      return { title: t('app.failure.weak_pin.title'), text: weakPin(failure.reason) };
    default:
      return { title: t('app.failure.refused.title'), text: t('app.failure.refused.text') };
  }
}

function policy(reason: string | undefined): string {
  if (reason === 'two_step_off') return t('app.failure.policy.two_step_off');
  if (reason === 'no_unlock') return t('app.failure.policy.no_unlock');
  return t('app.failure.policy.text');
}

export function weakPin(reason: string | undefined): string {
  if (reason === 'short') return t('app.failure.weak_pin.short');
  if (reason === 'digits') return t('app.failure.weak_pin.digits');
  return t('app.failure.weak_pin.common');
}

export function FailureNotice(props: {
  readonly failure: Failure | undefined;
  readonly onRetry?: (() => unknown) | undefined;
  readonly actions?: ComponentChildren;
}) {
  const words = failureWords(props.failure);
  const kind = props.failure?.kind === 'server_key' || props.failure?.kind === 'offer' ? 'bad' : 'warning';
  return (
    <Notice
      live
      kind={kind}
      title={words.title}
      actions={
        <>
          {props.onRetry ? <Button onPress={props.onRetry}>{t('app.try_again')}</Button> : null}
          {props.actions}
        </>
      }
    >
      <p>{words.text}</p>
    </Notice>
  );
}
