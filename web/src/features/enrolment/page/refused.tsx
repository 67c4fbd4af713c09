import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../../../ui/app.ts';
import { Notice } from '../../../ui/notice.tsx';
import { t } from '../../../ui/texts.ts';
import type { Found } from '../shared/found.ts';
import { shownHost } from '../shared/hosts.ts';

/** What can't be used, and why; `no_picture` is a file that is none. */
export type Refused = Exclude<Found, { kind: 'invitation' | 'code' }> | { readonly kind: 'no_picture' };

/** Why a scanned, pasted or opened text adds no account. A foreign host is shown as text, never as a link. */
export function RefusedNotice({
  refused,
  actions,
}: {
  readonly refused: Refused;
  readonly actions?: ComponentChildren;
}) {
  const { server } = useApp();
  const own = shownHost(server.value?.phone_url ?? location.origin) ?? location.host;
  const [title, text] = words(refused, own);
  const place = useRef<HTMLDivElement>(null);
  // On a small phone it would come up out of sight.
  useEffect(() => {
    if (refused) place.current?.scrollIntoView({ block: 'nearest' });
  }, [refused]);
  return (
    <div ref={place}>
      <Notice live kind="warning" title={title} actions={actions}>
        <p>{text}</p>
      </Notice>
    </div>
  );
}

function words(refused: Refused, own: string): readonly [title: string, text: string] {
  switch (refused.kind) {
    case 'nothing':
      return [t('app.found.nothing.title'), t('app.found.nothing.text')];
    case 'no_picture':
      return [t('app.found.no_picture.title'), t('app.found.no_picture.text')];
    case 'too_long':
      return [t('app.found.too_long.title'), t('app.found.too_long.text')];
    case 'other_server': {
      const host = refused.host ?? '?';
      return [t('app.found.other_server.title'), t('app.found.other_server.text', { host, own })];
    }
    case 'damaged':
      return [t('app.found.damaged.title'), t('app.found.damaged.text')];
    case 'otpauth':
      return [t('app.found.otpauth.title'), t('app.found.otpauth.text')];
    case 'web_address':
      if (refused.host === undefined) return [t('app.found.other.title'), t('app.found.other.text')];
      return [t('app.found.web.title'), t('app.found.web.text', { host: refused.host })];
    case 'other':
      return [t('app.found.other.title'), t('app.found.other.text')];
  }
}
