import { useEffect, useState } from 'preact/hooks';
import type { Code } from '../../../shared/phone/phones.ts';
import { usePhones } from '../../../ui/context.ts';

export interface ShownCode {
  readonly digits: string;
  readonly left: number;
  readonly period: number;
}

/** The account's code of now, counted down; a new one when it ran out, and when the phone is looked at again. */
export function useCode(phone: string, wanted: boolean): ShownCode | undefined {
  const phones = usePhones();
  const [shown, setShown] = useState<ShownCode>();
  useEffect(() => {
    if (!wanted) return undefined;
    let code: Code | undefined;
    let until = 0;
    let timer = 0;
    let gone = false;
    const draw = async () => {
      clearTimeout(timer);
      let left = until - phones.now();
      // It ran out, or the server has told another time than this phone believed.
      if (!code || left <= 0 || left > code.period) {
        code = await phones.code(phone).catch(() => undefined);
        if (gone || !code) return;
        left = code.left;
        until = phones.now() + left;
      }
      setShown({ digits: code.digits, left, period: code.period });
      timer = window.setTimeout(() => void draw(), ((left % 1) + 0.02) * 1000);
    };
    const look = () => {
      if (document.visibilityState === 'visible') void draw();
    };
    document.addEventListener('visibilitychange', look);
    void draw();
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [phone, wanted, phones]);
  return shown;
}

/** `482 913`: halves are easier to read over than six in a row. */
export function grouped(digits: string): string {
  const half = Math.ceil(digits.length / 2);
  return `${digits.slice(0, half)} ${digits.slice(half)}`;
}

/** For a screen reader, digit by digit. */
export function spelled(digits: string): string {
  return digits.split('').join(' ');
}
