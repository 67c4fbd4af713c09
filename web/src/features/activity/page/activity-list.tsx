import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Account, Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { t } from '../../../ui/texts.ts';
import { merge, PAGE, type Pages } from '../shared/merge.ts';
import { Entry } from './entry.tsx';

/** Past requests of these accounts. What could not be read is said, and the rest shown. */
export function ActivityList({ accounts }: { readonly accounts: readonly Account[] }) {
  const phones = usePhones();
  const [pages, setPages] = useState<ReadonlyMap<string, Pages>>(new Map());
  const [failed, setFailed] = useState<{ readonly failure: Failure | undefined }>();
  const [reading, setReading] = useState(true);
  const wanted = accounts.map(({ phone }) => phone).join(' ');

  const readOn = useCallback(
    async (known: ReadonlyMap<string, Pages>) => {
      setReading(true);
      setFailed(undefined);
      const next = new Map(known);
      await Promise.all(
        wanted
          .split(' ')
          .filter(Boolean)
          .map(async (phone) => {
            const before = known.get(phone);
            if (before && !before.more) return;
            try {
              const fresh = await phones.history(phone, before?.entries.at(-1)?.id);
              const entries = [...(before?.entries ?? []), ...fresh];
              next.set(phone, { phone, entries, more: fresh.length >= PAGE });
            } catch (thrown) {
              setFailed({ failure: asFailure(thrown) });
            }
          }),
      );
      setPages(next);
      setReading(false);
    },
    [phones, wanted],
  );
  useEffect(() => {
    void readOn(new Map());
  }, [readOn]);

  const lines = merge([...pages.values()]);
  const more = [...pages.values()].some((one) => one.more);
  const mark = (phone: string, id: string) => {
    const known = pages.get(phone);
    if (!known) return;
    const entries = known.entries.map((entry) => (entry.id === id ? { ...entry, state: 'REPORTED' } : entry));
    setPages(new Map(pages).set(phone, { ...known, entries }));
  };
  return (
    <>
      {failed ? <FailureNotice failure={failed.failure} onRetry={() => readOn(pages)} /> : null}
      {lines.length > 0 ? (
        <ul class="rows">
          {lines.map(({ phone, entry }) => (
            <Entry
              key={entry.id}
              phone={phone}
              entry={entry}
              account={accounts.length > 1 ? accounts.find((one) => one.phone === phone) : undefined}
              onReported={() => mark(phone, entry.id)}
            />
          ))}
        </ul>
      ) : null}
      {lines.length === 0 && !reading && !failed ? <p class="hint">{t('app.activity.none')}</p> : null}
      {reading && lines.length === 0 ? <p class="hint late">{t('app.busy')}</p> : null}
      {more ? (
        <Button class="wide" onPress={() => readOn(pages)}>
          {t('app.activity.more')}
        </Button>
      ) : null}
    </>
  );
}
