import { useState } from 'preact/hooks';
import type { Failure } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { usePhones } from '../../../ui/context.ts';
import { asFailure, FailureNotice } from '../../../ui/failure.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { CLOCK_FINE, howFar, type Off } from '../shared/clock-words.ts';

function duration({ unit, count }: Off): string {
  if (unit === 'seconds') return t('app.clock.seconds', { count });
  return unit === 'minutes' ? t('app.clock.minutes', { count }) : t('app.clock.hours', { count });
}

/** "Problems with codes?": the phone's clock against the server's, and what else a refused code may mean. */
export function ClockScreen() {
  const phones = usePhones();
  const [off, setOff] = useState(() => phones.clockOff());
  const [failure, setFailure] = useState<Failure>();
  const check = async () => {
    setFailure(undefined);
    try {
      const { failures } = await phones.pending();
      setFailure(failures.find((one) => one.failure.kind === 'offline')?.failure);
    } catch (thrown) {
      setFailure(asFailure(thrown));
    }
    setOff(phones.clockOff());
  };
  return (
    <Screen title={t('app.clock.title')} back="/app/settings">
      <Clock off={off} />
      {failure ? <FailureNotice failure={failure} /> : null}
      <Button class="wide" onPress={check}>
        {t('app.clock.check')}
      </Button>
      <h2>{t('app.clock.tips')}</h2>
      <ul class="points">
        <li>{t('app.clock.tip_name')}</li>
        <li>{t('app.clock.tip_once')}</li>
        <li>{t('app.clock.tip_removed')}</li>
      </ul>
    </Screen>
  );
}

function Clock({ off }: { readonly off: number | undefined }) {
  if (off === undefined)
    return (
      <Notice kind="info" title={t('app.clock.unknown')}>
        <p>{t('app.clock.unknown_text')}</p>
      </Notice>
    );
  const far = howFar(off);
  if (!far)
    return (
      <Notice kind="good" title={t('app.clock.good')} live>
        <p>{t('app.clock.good_text', { count: CLOCK_FINE })}</p>
      </Notice>
    );
  const time = duration(far);
  const title = off > 0 ? t('app.clock.ahead', { time }) : t('app.clock.behind', { time });
  return (
    <Notice kind="warning" title={title} live>
      <p>{t('app.clock.off_text')}</p>
    </Notice>
  );
}
