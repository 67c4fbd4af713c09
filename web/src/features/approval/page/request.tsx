import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { Countdown } from '../../../ui/countdown.tsx';
import { FailureNotice } from '../../../ui/failure.tsx';
import { Link } from '../../../ui/link.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { count, t } from '../../../ui/texts.ts';
import type { Answer } from '../shared/answer.ts';
import { Ended } from './ended.tsx';
import { Asker, Facts } from './facts.tsx';
import { useTapGuard } from './guard.ts';
import { NumberEntry } from './number.tsx';
import { Failed, Locked, Lost, NotUnlocked, PinStage } from './stages.tsx';
import { useWatch } from './watch.ts';

/** One request: what is asked, the number, yes and no. What ends while it is looked at is told, not taken away. */
export function RequestScreen({ id }: { readonly id: string }) {
  const watch = useWatch();
  const { requests, ended, asked, failures } = watch.waiting;
  const found = requests.value.find((request) => request.id === id);
  const answer = watch.knownAnswer(id) ?? (found ? watch.answerTo(found) : undefined);
  const over = ended.value.has(id);
  const state = ended.value.get(id);
  useEffect(() => {
    watch.waiting.introduce(id);
  }, [watch, id]);
  useEffect(() => {
    if (!answer || !over) return;
    void watch.whatBecameOf(answer.request, state).then((told) => answer.settle(told?.state, told?.mine));
  }, [watch, answer, over, state]);
  if (answer) return <Answering key={id} answer={answer} />;
  if (!asked.value) return <Looking />;
  const trouble = failures.value[0];
  if (trouble) {
    return (
      <Screen title={t('app.requests.trouble_all')} class="request-trouble" back="/app/">
        <FailureNotice failure={trouble.failure} onRetry={() => watch.waiting.ask()} />
      </Screen>
    );
  }
  return <Ended ending="over" request={undefined} />;
}

/** Nothing turns for what takes under 300 ms. */
function Looking() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Screen title={t('app.request.title')} class="request">
      <p role="status">{late ? t('app.request.looking') : ''}</p>
    </Screen>
  );
}

function Answering({ answer }: { readonly answer: Answer }) {
  const area = useRef<HTMLDivElement>(null);
  const stage = answer.stage.value;
  const view = stage.kind === 'sending' ? stage.view : stage.kind;
  const mayAct = useTapGuard(area, view);
  return (
    <div ref={area} class="guarded">
      {screen()}
    </div>
  );

  function screen() {
    switch (view) {
      case 'asking':
        return <Question key="question" answer={answer} mayAct={mayAct} />;
      case 'pin': {
        const { wrong, left } = stage.kind === 'pin' ? stage : { wrong: false, left: undefined };
        return <PinStage key="pin" answer={answer} busy={stage.kind === 'sending'} wrong={wrong} left={left} />;
      }
      case 'not_unlocked':
        return <NotUnlocked key={view} answer={answer} gone={stage.kind === 'not_unlocked' && stage.gone} />;
      case 'locked':
        return <Locked key={view} answer={answer} />;
      case 'again':
        return <Lost key={view} answer={answer} busy={stage.kind === 'sending'} />;
      case 'failed':
        return stage.kind === 'failed' ? (
          <Failed key={view} answer={answer} failure={stage.failure} again={stage.again} />
        ) : null;
      case 'ended':
        return stage.kind === 'ended' ? <Ended key={view} ending={stage.ending} request={answer.request} /> : null;
    }
  }
}

function Question(props: { readonly answer: Answer; readonly mayAct: (event: Event) => boolean }) {
  const { answer, mayAct } = props;
  const { request } = answer;
  const stage = answer.stage.value;
  const sending = stage.kind === 'sending' ? stage : undefined;
  const { complete } = answer;
  const agree = request.op === 'transaction' || request.op === 'step-up';
  return (
    <Screen
      title={agree ? t('app.request.title_agree') : t('app.request.title')}
      subtitle={
        <>
          <Asker request={request} />
          {request.op === 'practice' ? <span class="pill">{t('app.request.practice')}</span> : null}
        </>
      }
      class="request"
      back="/app/"
      footer={
        <>
          <div class="buttons equal">
            <Button class="answer no" busy={sending?.decision === 'deny'} onPress={() => answer.refuse('deny')}>
              {t('app.request.deny')}
            </Button>
            <Button
              class="answer yes"
              disabled={!complete}
              busy={sending?.decision === 'approve'}
              described="approve-hint"
              onPress={() => answer.approve()}
            >
              {t('app.request.approve')}
            </Button>
          </div>
          <p class="unseen" id="approve-hint">
            {complete ? '' : t('app.request.number_first')}
          </p>
          <Button
            kind="quiet"
            class="bad wide not-me"
            busy={sending?.decision === 'report'}
            onPress={() => answer.refuse('report')}
          >
            {t('app.request.not_me')}
          </Button>
        </>
      }
    >
      <Facts request={request} />
      <Countdown until={request.exp} from={request.iat} onEnd={() => answer.settle('EXPIRED')} />
      <NumberEntry
        answer={answer}
        disabled={sending !== undefined}
        onEnter={(event) => {
          if (complete && mayAct(event)) void answer.approve();
        }}
      />
      <p class="answer-status" role="status">
        {sending ? (sending.platform ? t('app.request.confirm_now') : '') : ''}
      </p>
      <Others id={request.id} />
      <details class="same-device">
        <summary>{t('app.request.same_device.title')}</summary>
        <p>{t('app.request.same_device.text')}</p>
      </details>
    </Screen>
  );
}

/** Below everything, so that one that arrives moves nothing. */
function Others({ id }: { readonly id: string }) {
  const { requests } = useWatch().waiting;
  const others = requests.value.filter((request) => request.id !== id).length;
  return (
    <p class="other-requests" role="status">
      {others > 0 ? <Link to="/app/requests">{count('app.request.other', 'app.request.others', others)}</Link> : null}
    </p>
  );
}
