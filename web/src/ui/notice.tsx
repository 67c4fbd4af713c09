import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

const icons = { info: 'info', warning: 'warning', bad: 'stop', good: 'tick' } as const satisfies Record<
  string,
  IconName
>;

/** Says what happened, whether anything is lost, and what to do. Only what comes up while one looks is announced. */
export function Notice(props: {
  readonly kind: keyof typeof icons;
  readonly title: string;
  readonly actions?: ComponentChildren;
  /** It came up by itself: a screen reader reads it at once. */
  readonly live?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${props.kind}`} role={props.live ? (props.kind === 'bad' ? 'alert' : 'status') : undefined}>
      <Icon name={icons[props.kind]} />
      <div>
        <p class="notice-title">{props.title}</p>
        {props.children}
        {props.actions ? <div class="buttons">{props.actions}</div> : null}
      </div>
    </div>
  );
}
