import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { t } from '../ui/texts.ts';
import { isReplaced } from './sw-bridge.ts';

const loaded = new Map<() => Promise<unknown>, unknown>();

/** Loads a feature when it is first wanted, and says so if it can't be had. What was loaded once is drawn at once. */
export function Lazy<T>(props: {
  readonly load: () => Promise<T>;
  readonly children: (feature: T) => ComponentChildren;
}) {
  const { load } = props;
  const [state, setState] = useState<'wait' | 'failed'>('wait');
  const [, redraw] = useState(0);
  const known = loaded.get(load) as T | undefined;
  useEffect(() => {
    if (known !== undefined || state === 'failed') return;
    load().then(
      (feature) => {
        loaded.set(load, feature);
        redraw((times) => times + 1);
      },
      () => (isReplaced() ? location.reload() : setState('failed')),
    );
  }, [load, known, state]);
  if (known !== undefined) return <>{props.children(known)}</>;
  if (state === 'wait') return null;
  return (
    <main class="screen" id="main">
      <Notice
        live
        kind="warning"
        title={t('app.failure.offline.title')}
        actions={<Button onPress={() => location.reload()}>{t('app.try_again')}</Button>}
      >
        <p>{t('app.failure.offline.text')}</p>
      </Notice>
    </main>
  );
}
