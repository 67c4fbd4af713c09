import { useState } from 'preact/hooks';
import type { Account, Failure, HistoryEntry } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { count, t } from '../../../ui/texts.ts';
import { moment } from '../../../ui/time.ts';
import { reportable } from '../shared/merge.ts';
import { operation, stateWords } from './words.ts';

/** One past request: for what, how it ended, when, from where; and a way to say that it was somebody else. */
export function Entry(props: {
  readonly phone: string;
  readonly entry: HistoryEntry;
  readonly account: Account | undefined;
  readonly onReported: () => void;
}) {
  const { entry, account } = props;
  const phones = usePhones();
  const [asking, setAsking] = useState(false);
  const [ended, setEnded] = useState<number>();
  const state = stateWords(entry.state);
  const where = [entry.ctx.browser, entry.ctx.place].filter(Boolean).join(' · ');
  const by = entry.mine ? undefined : entry.phone;
  return (
    <li class="row entry">
      <div>
        <div class="entry-line">
          <strong>{entry.app.name}</strong>
          <time dateTime={new Date(entry.at * 1000).toISOString()}>{moment(entry.at, phones.now())}</time>
        </div>
        <p class={`with-icon ${state.look}`}>
          <Icon name={state.icon} />
          <span>{[state.text, operation(entry)].filter(Boolean).join(' · ')}</span>
        </p>
        {account ? <p class="hint">{account.account.username}</p> : null}
        {where ? <p class="hint">{where}</p> : null}
        {by ? <p class="hint">{t('app.activity.by', { phone: by })}</p> : null}
        {ended === undefined ? null : (
          <p class="good" role="status">
            {count('app.activity.ended_one', 'app.activity.ended_many', ended)}
          </p>
        )}
        {reportable(entry) ? (
          <Button kind="quiet" onPress={() => setAsking(true)}>
            {t('app.activity.not_me')}
          </Button>
        ) : null}
      </div>
      {asking ? (
        <ReportDialog
          phone={props.phone}
          entry={entry}
          onClose={() => setAsking(false)}
          onDone={(sessions) => {
            setAsking(false);
            setEnded(sessions);
            props.onReported();
          }}
        />
      ) : null}
    </li>
  );
}

function ReportDialog(props: {
  readonly phone: string;
  readonly entry: HistoryEntry;
  readonly onClose: () => void;
  readonly onDone: (sessions: number) => void;
}) {
  const phones = usePhones();
  const [failed, setFailed] = useState<{ readonly failure: Failure | undefined }>();
  const report = async () => {
    setFailed(undefined);
    try {
      props.onDone(await phones.report(props.phone, props.entry.id));
    } catch (thrown) {
      setFailed({ failure: asFailure(thrown) });
    }
  };
  return (
    <Dialog
      title={t('app.activity.report.title')}
      onClose={props.onClose}
      actions={
        <Button kind="danger" onPress={report}>
          {t('app.activity.not_me')}
        </Button>
      }
    >
      <p>
        <strong>{props.entry.app.name}</strong>, {moment(props.entry.at, phones.now())}
      </p>
      <p>{t('app.activity.report.text')}</p>
      {failed ? <FailureNotice failure={failed.failure} /> : null}
    </Dialog>
  );
}
