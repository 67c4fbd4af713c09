import { useEffect, useRef, useState } from 'preact/hooks';

/** How far a finger pulls before letting go asks, in pixels; and how far the content follows at most. */
export const ENOUGH = 72;
const FARTHEST = 96;

/** What the content is moved by, for a finger that went so far: less and less. */
export function follow(distance: number): number {
  return distance <= 0 ? 0 : FARTHEST * (1 - Math.exp(-distance / 140));
}

/** Pull down at the top of the page to refresh. Returns how far it is pulled. */
export function usePull(refresh: () => void): number {
  const [pulled, setPulled] = useState(0);
  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    let start: number | undefined;
    let far = 0;
    const set = (distance: number) => {
      far = distance;
      setPulled(follow(distance));
    };
    const down = (event: TouchEvent) => {
      start = scrollY <= 0 && event.touches.length === 1 ? event.touches[0]?.clientY : undefined;
    };
    const move = (event: TouchEvent) => {
      if (start !== undefined) set(Math.max(0, (event.touches[0]?.clientY ?? start) - start));
    };
    const up = () => {
      if (follow(far) >= follow(ENOUGH)) latest.current();
      start = undefined;
      set(0);
    };
    const stop = new AbortController();
    const how = { passive: true, signal: stop.signal } as const;
    addEventListener('touchstart', down, how);
    addEventListener('touchmove', move, how);
    addEventListener('touchend', up, how);
    addEventListener('touchcancel', () => set(0), how);
    return () => stop.abort();
  }, []);
  return pulled;
}
