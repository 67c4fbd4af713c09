import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { t } from './texts.ts';

/** One question above the screen. Escape and "Cancel" close it; the focus goes back to where it was. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  /** While something runs that can't be called back. */
  readonly busy?: boolean;
  /** In place of "Cancel". */
  readonly close?: string;
  readonly actions?: ComponentChildren;
  readonly onSubmit?: () => void;
  readonly children?: ComponentChildren;
}) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!props.busy) props.onClose();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit?.();
        }}
      >
        <h2 id={id}>{props.title}</h2>
        {props.children}
        <div class="buttons equal">
          <Button onPress={props.onClose} disabled={props.busy === true}>
            {props.close ?? t('app.cancel')}
          </Button>
          {props.actions}
        </div>
      </form>
    </dialog>
  );
}
