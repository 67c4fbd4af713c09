import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useNavigate } from './context.ts';
import { Icon } from './icon.tsx';
import { t } from './texts.ts';

/** One screen: its title is the page's title and takes the focus, so that a screen reader says where one is. */
export function Screen(props: {
  readonly title: string;
  readonly subtitle?: ComponentChildren;
  /** A path, or what the back button does. */
  readonly back?: string | (() => void);
  /** At the right of the top line. */
  readonly actions?: ComponentChildren;
  /** Stays at the bottom, in reach of a thumb. */
  readonly footer?: ComponentChildren;
  readonly class?: string;
  readonly children?: ComponentChildren;
}) {
  const { back } = props;
  const navigate = useNavigate();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!document.activeElement || document.activeElement === document.body)
      heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${props.title} · Akkoord`;
  }, [props.title]);
  return (
    <main class={`screen ${props.class ?? ''}`} id="main">
      <header class="top">
        {back !== undefined ? (
          <button
            type="button"
            class="icon-button"
            aria-label={t('app.back')}
            onClick={() => (typeof back === 'string' ? navigate(back) : back())}
          >
            <Icon name="back" />
          </button>
        ) : null}
        <div class="title">
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.subtitle ? <p class="subtitle">{props.subtitle}</p> : null}
        </div>
        {props.actions ? <div class="top-actions">{props.actions}</div> : null}
      </header>
      <div class="content">{props.children}</div>
      {props.footer ? <div class="footer">{props.footer}</div> : null}
    </main>
  );
}
