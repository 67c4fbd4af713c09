import { useEffect, useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { t } from './texts.ts';

/** Copies, and says for two seconds that it did. False where the browser gives no clipboard. */
export function useCopy(): { readonly copied: boolean; readonly copy: (text: string) => Promise<boolean> } {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      return true;
    } catch {
      return false;
    }
  };
  return { copied, copy };
}

export function CopyButton(props: { readonly text: () => string; readonly children: string; readonly class?: string }) {
  const { copied, copy } = useCopy();
  return (
    <>
      <Button class={props.class ?? ''} onPress={() => copy(props.text())}>
        <Icon name={copied ? 'tick' : 'copy'} />
        {copied ? t('app.copied') : props.children}
      </Button>
      <span class="unseen" role="status">
        {copied ? t('app.copied') : ''}
      </span>
    </>
  );
}
