import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Dots in place of what is typed. */
  readonly hidden?: boolean;
  readonly inputMode?: 'text' | 'numeric' | 'email' | 'url';
  readonly autocomplete?: string;
  readonly capitalize?: 'none' | 'characters' | 'words';
  readonly maxLength?: number;
  readonly big?: boolean;
  readonly code?: boolean;
  readonly class?: string;
  readonly inputRef?: (element: HTMLInputElement | null) => void;
  /** Right of the input, for example a button that shows a PIN. */
  readonly beside?: ComponentChildren;
}

/** A label, what is expected, the input, and room for what is wrong, so that nothing moves when it is. */
export function Field(props: FieldProps) {
  const id = useId();
  const described = [props.hint ? `${id}-hint` : '', props.error ? `${id}-error` : ''].filter(Boolean).join(' ');
  const classes = [props.class, props.big ? 'big' : '', props.code ? 'code' : ''].filter(Boolean).join(' ');
  const type = props.hidden ? { type: 'password' as const } : { type: 'text' as const };
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.hint ? (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      ) : null}
      <div class="input-line">
        <input
          id={id}
          ref={props.inputRef ?? null}
          class={classes}
          {...type}
          value={props.value}
          inputMode={props.inputMode ?? 'text'}
          autocomplete={props.autocomplete ?? 'off'}
          autocapitalize={props.capitalize ?? 'none'}
          autoCorrect="off"
          spellcheck={false}
          maxLength={props.maxLength}
          aria-invalid={props.error ? 'true' : undefined}
          aria-describedby={described || undefined}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
        {props.beside}
      </div>
      <p class="field-error" id={`${id}-error`} role="alert">
        {props.error}
      </p>
    </div>
  );
}
