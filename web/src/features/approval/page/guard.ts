import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { TapGuard } from '../shared/tap-guard.ts';

/**
 * Keeps taps from what has just appeared. `shown` names what is on the screen: when it changes, time starts anew, and
 * so it does when the app comes back to the front. Returns whether a key may act now, too.
 */
export function useTapGuard(area: RefObject<HTMLElement | null>, shown: string): (event: Event) => boolean {
  const guard = useRef<TapGuard | undefined>(undefined);
  guard.current ??= new TapGuard(performance.now());
  useLayoutEffect(() => {
    if (shown) guard.current?.shown(performance.now());
  }, [shown]);
  // Before the browser draws: an effect after it would leave the first frame unguarded.
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const stop = new AbortController();
    const how = { capture: true, signal: stop.signal };
    element.addEventListener('pointerdown', (event) => guard.current?.down(event.pointerId, event.timeStamp), how);
    element.addEventListener('pointercancel', (event) => guard.current?.gone(event.pointerId), how);
    element.addEventListener(
      'click',
      (event) => {
        if (guard.current?.may(pointerOf(event), event.timeStamp)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
      },
      how,
    );
    const back = () => document.visibilityState === 'visible' && guard.current?.shown(performance.now());
    document.addEventListener('visibilitychange', back, { signal: stop.signal });
    return () => stop.abort();
  }, [area]);
  return (event) => guard.current?.may(undefined, event.timeStamp) ?? false;
}

/** A click that a key or a screen reader made has no pointer. */
function pointerOf(event: MouseEvent): number | undefined {
  return event instanceof PointerEvent && event.pointerId >= 0 ? event.pointerId : undefined;
}
