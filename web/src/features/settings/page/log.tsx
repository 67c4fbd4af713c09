import { useEffect, useState } from 'preact/hooks';
import { type LogEntry, useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';

function lines(entries: readonly LogEntry[]): string {
  return entries.map(({ at, event }) => `${new Date(at).toISOString().slice(0, 19)}Z ${event}`).join('\n');
}

/** The diagnostic log: to look at first, then to share. */
export function LogScreen() {
  const { build, log } = useApp();
  const [entries, setEntries] = useState<readonly LogEntry[]>();
  useEffect(() => {
    void log.entries().then(setEntries);
  }, [log]);
  if (!entries) return <Screen title={t('app.log.title')} back="/app/settings" />;
  const text = [`Akkoord ${build.value ?? ''}`, navigator.userAgent, lines(entries)].join('\n');
  const share = async () => {
    // Who closes the share sheet changed their mind; that is no failure.
    await navigator.share({ title: 'Akkoord', text }).catch(() => undefined);
  };
  const clear = async () => {
    await log.clear();
    setEntries([]);
  };
  return (
    <Screen title={t('app.log.title')} back="/app/settings">
      <p>{t('app.log.text')}</p>
      {entries.length === 0 ? (
        <p class="hint">{t('app.log.empty')}</p>
      ) : (
        <>
          <div class="buttons">
            {'share' in navigator ? (
              <Button kind="main" onPress={share}>
                <Icon name="share" />
                {t('app.log.share')}
              </Button>
            ) : null}
            <CopyButton text={() => text}>{t('app.log.copy')}</CopyButton>
            <Button onPress={clear}>{t('app.log.clear')}</Button>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre class="log" tabIndex={0}>
            {lines([...entries].reverse())}
          </pre>
        </>
      )}
    </Screen>
  );
}
