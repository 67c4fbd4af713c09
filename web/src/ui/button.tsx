import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from './texts.ts';

export interface ButtonProps {
  readonly kind?: 'main' | 'plain' | 'danger' | 'quiet';
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly submit?: boolean;
  readonly label?: string;
  readonly described?: string;
  readonly pressed?: boolean;
  readonly class?: string;
  /** A promise keeps the button busy until it settles, so that a second tap does nothing. It must not reject. */
  readonly onPress?: () => unknown;
  readonly children: ComponentChildren;
}

/** A busy button stays where it is and keeps the focus; after 300 ms it says so. */
export function Button(props: ButtonProps) {
  const { kind = 'plain', submit, label, described, pressed, onPress, children } = props;
  const [working, setWorking] = useState(false);
  const alive = useRef(true);
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );
  const busy = props.busy || working;
  const press = async () => {
    if (busy || props.disabled || !onPress) return;
    const done = onPress();
    if (!(done instanceof Promise)) return;
    setWorking(true);
    try {
      await done;
    } finally {
      if (alive.current) setWorking(false);
    }
  };
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={`button ${kind} ${busy ? 'busy' : ''} ${props.class ?? ''}`}
      aria-disabled={busy || props.disabled || undefined}
      aria-label={label}
      aria-describedby={described}
      aria-pressed={pressed}
      onClick={(event) => {
        if (submit && (busy || props.disabled)) event.preventDefault();
        if (!submit) void press();
      }}
    >
      {children}
      {busy ? <span class="unseen">{t('app.busy')}</span> : null}
    </button>
  );
}
