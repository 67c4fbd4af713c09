import { useRef } from 'preact/hooks';
import type { Request } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { clock, useLeft } from '../../../ui/countdown.tsx';
import { FailureNotice } from '../../../ui/failure.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { Asker, place, purpose, Since } from './facts.tsx';
import { useTapGuard } from './guard.ts';
import { useWatch } from './watch.ts';

/** All that waits. More than one is unusual, and said to be. */
export function RequestsScreen() {
  const { waiting } = useWatch();
  const area = useRef<HTMLDivElement>(null);
  const requests = waiting.requests.value;
  useTapGuard(area, requests.map(({ id }) => id).join(' '));
  const trouble = waiting.failures.value[0];
  return (
    <div ref={area} class="guarded">
      <Screen
        title={t('app.requests.title')}
        class="requests"
        back="/app/"
        footer={
          <Button class="wide" onPress={() => waiting.ask()}>
            <Icon name="refresh" />
            {t('app.requests.check')}
          </Button>
        }
      >
        {requests.length > 1 ? (
          <Notice live kind="warning" title={t('app.requests.many.title')}>
            <p>{t('app.requests.many.text')}</p>
          </Notice>
        ) : null}
        {trouble ? <FailureNotice failure={trouble.failure} /> : null}
        {requests.length > 0 ? (
          <ul class="rows">
            {requests.map((request) => (
              <li key={request.id}>
                <Row request={request} />
              </li>
            ))}
          </ul>
        ) : null}
        {requests.length === 0 && waiting.asked.value && !trouble ? (
          <div class="empty">
            <h2>{t('app.requests.none.title')}</h2>
            <p>{t('app.requests.none.text')}</p>
          </div>
        ) : null}
      </Screen>
    </div>
  );
}

function Row({ request }: { readonly request: Request }) {
  return (
    <Link to={`/app/request/${request.id}`} class="row">
      <div>
        <h2>
          <Asker request={request} />
          {request.op === 'practice' ? <span class="pill">{t('app.request.practice')}</span> : null}
        </h2>
        <p translate={false}>
          <bdi>{request.account.username}</bdi>
        </p>
        <p>
          {purpose(request)}
          {request.ctx.browser === undefined ? '' : ' · '}
          <bdi translate={false}>{request.ctx.browser}</bdi>
        </p>
        <p class="hint">
          {place(request)} · <Since at={request.ctx.at} />
          <Left until={request.exp} />
        </p>
      </div>
      <Icon name="next" />
    </Link>
  );
}

/** Quiet for screen readers: the row itself says enough. */
function Left({ until }: { readonly until: number }) {
  const left = useLeft(until);
  return <span aria-hidden="true"> · {t('app.countdown.left', { time: clock(left) })}</span>;
}
