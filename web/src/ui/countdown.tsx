import { useEffect, useRef, useState } from 'preact/hooks';
import { usePhones } from './context.ts';
import { t } from './texts.ts';

/** `1:42`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Seconds left until a time of the server, drawn again each second while the page is looked at. */
export function useLeft(until: number): number {
  const phones = usePhones();
  const [left, setLeft] = useState(() => until - phones.now());
  useEffect(() => {
    let timer = 0;
    const tick = () => {
      const now = until - phones.now();
      setLeft(now);
      // At the next whole second, so that the text changes evenly.
      if (now > 0) timer = window.setTimeout(tick, ((now % 1) + 0.02) * 1000);
    };
    tick();
    return () => clearTimeout(timer);
  }, [until, phones]);
  return left;
}

/** Time left, as words and a bar. Silent for screen readers, but for one word at 30 seconds. `onEnd` comes once. */
export function Countdown(props: {
  /** Server's seconds. */
  readonly until: number;
  /** When it began, for the bar; without it there is none. */
  readonly from?: number;
  readonly onEnd?: () => void;
}) {
  const left = useLeft(props.until);
  const told = useRef(false);
  const over = left <= 0;
  const end = useRef(props.onEnd);
  end.current = props.onEnd;
  useEffect(() => {
    if (over && !told.current) {
      told.current = true;
      end.current?.();
    }
  }, [over]);
  const [soon, setSoon] = useState(false);
  useEffect(() => {
    if (left <= 30 && left > 20) setSoon(true);
  }, [left]);
  return (
    <div class="countdown">
      {props.from !== undefined ? (
        <progress max={props.until - props.from} value={Math.max(0, left)} aria-hidden="true" />
      ) : null}
      <p role="timer" aria-live="off">
        {t('app.countdown.left', { time: clock(left) })}
      </p>
      <p class="unseen" role="status">
        {soon ? t('app.countdown.soon') : ''}
      </p>
    </div>
  );
}

/** A circle that empties, beside a verification code. */
export function Ring({ left, period }: { readonly left: number; readonly period: number }) {
  const round = 2 * Math.PI * 9;
  return (
    <svg class={`ring ${left <= 5 ? 'soon' : ''}`} viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <circle class="track" cx="12" cy="12" r="9" fill="none" stroke-width="3" />
      <circle
        class="rest"
        cx="12"
        cy="12"
        r="9"
        fill="none"
        stroke-width="3"
        stroke-dasharray={round}
        stroke-dashoffset={round * (1 - Math.max(0, Math.min(1, left / period)))}
        transform="rotate(-90 12 12)"
      />
    </svg>
  );
}
