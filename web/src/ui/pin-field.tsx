import { useState } from 'preact/hooks';
import { Field } from './field.tsx';
import { Icon } from './icon.tsx';
import { t } from './texts.ts';

/** Dots, or digits after a tap. `one-time-code` keeps a password manager from storing the PIN somewhere else. */
export function PinField(props: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly maxLength?: number;
  readonly inputRef?: (element: HTMLInputElement | null) => void;
}) {
  const [shown, setShown] = useState(false);
  return (
    <Field
      label={props.label}
      hint={props.hint}
      error={props.error}
      value={props.value}
      onInput={(value) => props.onInput(value.replace(/[^0-9]/g, ''))}
      hidden={!shown}
      inputMode="numeric"
      autocomplete="one-time-code"
      maxLength={props.maxLength ?? 32}
      class="pin"
      {...(props.inputRef ? { inputRef: props.inputRef } : {})}
      beside={
        <button
          type="button"
          class="icon-button"
          aria-label={shown ? t('app.pin.hide') : t('app.pin.show')}
          onClick={() => setShown(!shown)}
        >
          <Icon name={shown ? 'eye-off' : 'eye'} />
        </button>
      }
    />
  );
}
