/** Lines above the screen: what holds for the whole app now. */

import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useWatch } from '../features/approval/page/watch.ts';
import { Button } from '../ui/button.tsx';
import { useNavigate, usePhones } from '../ui/context.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { count, t } from '../ui/texts.ts';
import type { Route } from './router.ts';
import { applyUpdate, updateWaiting } from './sw-bridge.ts';

/** A phone's clock that is off by less does no harm: codes are corrected, and requests keep to the server's time. */
const CLOCK_MAY_DIFFER = 60;

export function Bars({ now }: { readonly now: Route }) {
  const { waiting } = useWatch();
  useOpening(now);
  const phones = usePhones();
  const offline = useComputed(() => waiting.failures.value.some(({ failure }) => failure.kind === 'offline'));
  const off = waiting.asked.value ? Math.abs(phones.clockOff() ?? 0) : 0;
  return (
    <header class="bars">
      <Waiting now={now} />
      {offline.value ? (
        <Bar
          icon="offline"
          warning
          action={
            <Button kind="quiet" onPress={() => waiting.ask()}>
              {t('app.try_again')}
            </Button>
          }
        >
          {t('app.bar.offline')}
        </Bar>
      ) : null}
      {off > CLOCK_MAY_DIFFER ? (
        <Bar
          icon="activity"
          warning
          action={
            <Link class="line" to="/app/settings/clock">
              {t('app.bar.clock_more')}
            </Link>
          }
        >
          {t('app.bar.clock')}
        </Bar>
      ) : null}
      {updateWaiting.value && calm.has(now.at) ? (
        <Bar
          icon="download"
          action={
            <Button kind="quiet" onPress={applyUpdate}>
              {t('app.bar.update_now')}
            </Button>
          }
        >
          {t('app.bar.update')}
        </Bar>
      ) : null}
    </header>
  );
}

function Bar(props: {
  readonly icon: IconName;
  readonly warning?: boolean;
  readonly action: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <div class={`bar ${props.warning ? 'warning' : ''}`}>
      <p role="status">
        <Icon name={props.icon} />
        {props.children}
      </p>
      {props.action}
    </div>
  );
}

/** Screens on which a line that appears moves no number and no code that is being typed. The next one will do as well. */
const calm: ReadonlySet<Route['at']> = new Set(['accounts', 'account', 'activity', 'settings']);
/** Screens that a request may take the place of, or be told above; the others show it themselves or must not be left. */
const leavable: ReadonlySet<Route['at']> = new Set(['account', 'activity', 'settings']);
/** Who opened the app so short a time ago, in milliseconds, most likely did so for the request. */
const JUST_NOW = 5000;

function Waiting({ now }: { readonly now: Route }) {
  const { waiting } = useWatch();
  const requests = waiting.requests.value;
  const [first] = requests;
  if (!first || !leavable.has(now.at)) return null;
  const to = requests.length > 1 ? '/app/requests' : `/app/request/${first.id}`;
  return (
    <Bar
      icon="bell"
      warning
      action={
        <Link class="line" to={to}>
          {t('app.waiting.look')}
        </Link>
      }
    >
      {count('app.waiting.one', 'app.waiting.many', requests.length)}
    </Bar>
  );
}

/** Opens the one request that waits when the app has just come to the front. */
function useOpening(now: Route): void {
  const { waiting } = useWatch();
  const navigate = useNavigate();
  const since = useRef(performance.now());
  const requests = waiting.requests.value;
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') since.current = performance.now();
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  useEffect(() => {
    const [first] = requests;
    if (!first || requests.length > 1 || !leavable.has(now.at) || document.querySelector('dialog[open]')) return;
    if (performance.now() - since.current < JUST_NOW && waiting.introduce(first.id))
      navigate(`/app/request/${first.id}`);
  }, [requests, now, waiting, navigate]);
}
