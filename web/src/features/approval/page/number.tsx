import { useEffect, useRef } from 'preact/hooks';
import { Keypad } from '../../../ui/keypad.tsx';
import { t } from '../../../ui/texts.ts';
import type { Answer } from '../shared/answer.ts';
import { keyOf, press } from '../shared/typed-number.ts';

/** The number that the other screen shows: typed on large keys, or one of three to tap. */
export function NumberEntry(props: {
  readonly answer: Answer;
  readonly disabled: boolean;
  /** Enter on a keyboard, once the number is complete. */
  readonly onEnter: (event: KeyboardEvent) => void;
}) {
  const { answer, disabled, onEnter } = props;
  const { number } = answer.request;
  const typed = answer.typed.value;
  useKeyboard(answer, disabled, onEnter);
  if (number.mode === 'choose') {
    const long = number.options[0].length > 3;
    return (
      <>
        <p class="number-label" id="number-label">
          {t('app.request.choose')}
        </p>
        {/* biome-ignore lint/a11y/useSemanticElements: three buttons, not fields of a form */}
        <div class={`options ${long ? 'long' : ''}`} role="group" aria-labelledby="number-label" translate={false}>
          {number.options.map((option) => (
            <button
              type="button"
              key={option}
              class="option"
              aria-pressed={option === typed}
              aria-disabled={disabled || undefined}
              onClick={() => !disabled && answer.type(option)}
            >
              <span aria-hidden="true">{option}</span>
              <span class="unseen">{option.split('').join(' ')}</span>
            </button>
          ))}
        </div>
      </>
    );
  }
  return (
    <>
      <p class="number-label">{t('app.request.enter')}</p>
      <div class={number.digits > 3 ? 'many-digits' : ''} translate={false}>
        <Keypad
          label={t('app.request.enter')}
          digits={number.digits}
          value={typed}
          onInput={(value) => answer.type(value)}
          disabled={disabled}
        />
      </div>
    </>
  );
}

/** What `Keypad` leaves to us: paste, digits of other scripts, and Enter. */
function useKeyboard(answer: Answer, disabled: boolean, onEnter: (event: KeyboardEvent) => void): void {
  const latest = useRef({ disabled, onEnter });
  latest.current = { disabled, onEnter };
  useEffect(() => {
    const { number } = answer.request;
    const stop = new AbortController();
    const paste = (event: ClipboardEvent) => {
      if (latest.current.disabled || event.target instanceof HTMLInputElement) return;
      const text = event.clipboardData?.getData('text') ?? '';
      if (number.mode === 'enter') {
        answer.type(press(answer.typed.value, number.digits, { kind: 'paste', text }));
      } else if (number.options.includes(text.trim())) {
        answer.type(text.trim());
      }
    };
    const key = (event: KeyboardEvent) => {
      if (latest.current.disabled || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : undefined;
      if (event.key === 'Enter' && !event.repeat && !target?.closest('button, a, input, summary')) {
        latest.current.onEnter(event);
      }
      const typed = keyOf(event.key);
      if (number.mode === 'enter' && typed?.kind === 'digit' && !/[0-9]/.test(event.key)) {
        answer.type(press(answer.typed.value, number.digits, typed));
      }
    };
    addEventListener('paste', paste, { signal: stop.signal });
    addEventListener('keydown', key, { signal: stop.signal });
    return () => stop.abort();
  }, [answer]);
}
