import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { t } from './texts.ts';

/** Large keys for a number of known length. A keyboard works too. The boxes show what was typed, the keys don't move. */
export function Keypad(props: {
  readonly label: string;
  readonly digits: number;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly disabled?: boolean;
}) {
  const { digits, value, onInput, disabled = false } = props;
  const type = (key: string) => {
    if (disabled) return;
    if (key === '<') onInput(value.slice(0, -1));
    else if (value.length < digits) onInput(value + key);
  };
  const latest = useRef(type);
  latest.current = type;
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
      if (/^[0-9]$/.test(event.key)) latest.current(event.key);
      if (event.key === 'Backspace') latest.current('<');
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend can't be laid out beside the boxes
    <div class="keypad" role="group" aria-label={props.label}>
      <div class="boxes" aria-hidden="true">
        {Array.from({ length: digits }, (_, at) => (
          <span key={at} class={`box ${at === value.length ? 'next' : ''}`}>
            {value[at] ?? ''}
          </span>
        ))}
      </div>
      <p class="unseen" role="status">
        {value ? t('app.keypad.typed', { digits: value.split('').join(' ') }) : ''}
      </p>
      <div class="keys">
        {'123456789'.split('').map((key) => (
          <button type="button" key={key} aria-disabled={disabled || undefined} onClick={() => type(key)}>
            {key}
          </button>
        ))}
        <span />
        <button type="button" aria-disabled={disabled || undefined} onClick={() => type('0')}>
          0
        </button>
        <button
          type="button"
          class="erase"
          aria-label={t('app.keypad.erase')}
          aria-disabled={disabled || undefined}
          onClick={() => type('<')}
        >
          <Icon name="backspace" />
        </button>
      </div>
    </div>
  );
}
