import type { HistoryEntry } from '../../../shared/phone/phones.ts';
import type { IconName } from '../../../ui/icon.tsx';
import { t } from '../../../ui/texts.ts';

interface StateWords {
  readonly icon: IconName;
  readonly look: 'good' | 'bad' | 'warn' | '';
  readonly text: string;
}

/** How it ended. A state that a later server may know is told as "over". */
export function stateWords(state: string): StateWords {
  switch (state) {
    case 'PENDING':
      return { icon: 'activity', look: '', text: t('app.activity.waiting') };
    case 'APPROVED':
    case 'CONSUMED':
      return { icon: 'tick', look: 'good', text: t('app.activity.approved') };
    case 'DENIED':
      return { icon: 'stop', look: '', text: t('app.activity.denied') };
    case 'REPORTED':
      return { icon: 'warning', look: 'bad', text: t('app.activity.reported') };
    case 'MISMATCH':
      return { icon: 'stop', look: 'warn', text: t('app.activity.wrong_number') };
    case 'CANCELLED':
    case 'SUPERSEDED':
      return { icon: 'close', look: '', text: t('app.activity.cancelled') };
    case 'EXPIRED':
      return { icon: 'activity', look: '', text: t('app.activity.expired') };
    case 'REVOKED':
      return { icon: 'stop', look: 'warn', text: t('app.activity.stopped') };
    default:
      return { icon: 'info', look: '', text: t('app.activity.over') };
  }
}

/** What it was for, where it was not a plain sign-in. */
export function operation(entry: HistoryEntry): string | undefined {
  switch (entry.op) {
    case 'second-step':
      return t('app.activity.op.second_step');
    case 'step-up':
      return t('app.activity.op.step_up');
    case 'factor':
      return t('app.activity.op.factor');
    case 'recovery':
      return t('app.activity.op.recovery');
    case 'computer':
      return t('app.activity.op.computer');
    case 'transaction':
      return t('app.activity.op.transaction');
    case 'practice':
      return t('app.activity.op.practice');
    case 'signin':
      return undefined;
  }
}
