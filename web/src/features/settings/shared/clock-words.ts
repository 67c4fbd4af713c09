/** How far off, in the largest unit that says it well. */
export interface Off {
  readonly unit: 'seconds' | 'minutes' | 'hours';
  readonly count: number;
}

/** Nobody notices less, and the server's answer itself took a moment. */
export const CLOCK_FINE = 5;

/** `undefined` where it is right enough. */
export function howFar(seconds: number): Off | undefined {
  const far = Math.abs(seconds);
  if (far <= CLOCK_FINE) return undefined;
  if (far < 120) return { unit: 'seconds', count: Math.round(far) };
  if (far < 7200) return { unit: 'minutes', count: Math.round(far / 60) };
  return { unit: 'hours', count: Math.round(far / 3600) };
}
