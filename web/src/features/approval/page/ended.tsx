import type { Request } from '../../../shared/phone/phones.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate } from '../../../ui/context.ts';
import { Icon, type IconName } from '../../../ui/icon.tsx';
import { isolated } from '../../../ui/isolated.ts';
import { Link } from '../../../ui/link.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { type TextKey, t } from '../../../ui/texts.ts';
import type { Ending } from '../shared/ending.ts';
import { useWatch } from './watch.ts';

interface Words {
  readonly title: TextKey;
  readonly text: TextKey;
  readonly icon: IconName;
  readonly mood?: 'good' | 'bad';
}

/** How it ended, what that means, and what is left to do. Each ending is told apart. */
const words: Record<Ending, Words> = {
  approved: { title: 'app.ended.approved.title', text: 'app.ended.approved.text', icon: 'tick', mood: 'good' },
  denied: { title: 'app.ended.denied.title', text: 'app.ended.denied.text', icon: 'stop' },
  reported: { title: 'app.ended.reported.title', text: 'app.ended.reported.text_own', icon: 'stop' },
  wrong_number: {
    title: 'app.ended.wrong_number.title',
    text: 'app.ended.wrong_number.text',
    icon: 'stop',
    mood: 'bad',
  },
  expired: { title: 'app.ended.expired.title', text: 'app.ended.expired.text', icon: 'info' },
  approved_elsewhere: {
    title: 'app.ended.approved_elsewhere.title',
    text: 'app.ended.approved_elsewhere.text',
    icon: 'info',
  },
  denied_elsewhere: {
    title: 'app.ended.denied_elsewhere.title',
    text: 'app.ended.denied_elsewhere.text',
    icon: 'info',
  },
  reported_elsewhere: {
    title: 'app.ended.reported_elsewhere.title',
    text: 'app.ended.reported_elsewhere.text',
    icon: 'info',
  },
  wrong_elsewhere: { title: 'app.ended.wrong_elsewhere.title', text: 'app.ended.wrong_elsewhere.text', icon: 'info' },
  cancelled: { title: 'app.ended.cancelled.title', text: 'app.ended.cancelled.text', icon: 'info' },
  superseded: { title: 'app.ended.superseded.title', text: 'app.ended.superseded.text', icon: 'info' },
  stopped: { title: 'app.ended.stopped.title', text: 'app.ended.stopped.text', icon: 'stop' },
  over: { title: 'app.ended.over.title', text: 'app.ended.over.text', icon: 'info' },
};

function explanation(ending: Ending, request: Request | undefined): string {
  if (request?.op === 'practice') {
    if (ending === 'approved') return t('app.ended.approved.practice');
    if (ending === 'denied') return t('app.ended.denied.practice');
    if (ending === 'reported') return t('app.ended.reported.practice');
  }
  const organisation = request?.account.organisation;
  if (ending === 'reported' && organisation !== undefined) {
    return t('app.ended.reported.text', { organisation: isolated(organisation) });
  }
  return t(words[ending].text);
}

export function Ended({ ending, request }: { readonly ending: Ending; readonly request: Request | undefined }) {
  const navigate = useNavigate();
  const { requests } = useWatch().waiting;
  const { title, icon, mood } = words[ending];
  // The newest is what took this one's place; otherwise the list shows whichever there are.
  const next = ending === 'superseded' ? requests.value.at(-1) : requests.value[0];
  return (
    <Screen
      title={t(title)}
      class="ended"
      footer={
        <div class="buttons stack">
          {next ? (
            <Link to={`/app/request/${next.id}`} class="button main wide">
              {t('app.request.next')}
            </Link>
          ) : null}
          <Button kind={next ? 'plain' : 'main'} class="wide" onPress={() => navigate('/app/', { replace: true })}>
            {t('app.request.done')}
          </Button>
        </div>
      }
    >
      <span class={`ending-icon ${mood ?? ''}`}>
        <Icon name={icon} />
      </span>
      <p class="ending" role="status">
        {explanation(ending, request)}
      </p>
      <p class="hint ending-of" translate={false}>
        {request ? (
          <>
            <bdi>{request.account.username}</bdi> · <bdi>{request.app.name}</bdi>
          </>
        ) : null}
      </p>
    </Screen>
  );
}
