import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate, usePhones } from '../../../ui/context.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { type FrameParts, Steps } from './steps.tsx';
import { TypeScreen } from './type-code.tsx';
import { useFlow } from './use-flow.ts';
import { leaveToSignIn } from './way-back.ts';

/** The form for the code has an address of its own, so that the phone's back button leads here again. */
export const TYPE = '/app/add?type';

/** Which kind of account, and the way to each. */
export function AddScreen({ waiting }: FrameParts) {
  const flow = useFlow();
  const navigate = useNavigate();
  const [types, setTypes] = useTyping();
  const { kind } = flow.step.value;
  if (types && (kind === 'idle' || kind === 'claiming' || isWrongCode(flow))) {
    return (
      <TypeScreen
        flow={flow}
        onBack={() => {
          void flow.leave();
          setTypes(false);
        }}
      />
    );
  }
  if (kind !== 'idle') {
    return (
      <Steps
        flow={flow}
        onBack={() => navigate('/app/', { replace: true })}
        backLabel={t('app.setup.to_accounts')}
        waiting={waiting}
      />
    );
  }
  return <Kinds onType={() => setTypes(true)} />;
}

function isWrongCode(flow: ReturnType<typeof useFlow>): boolean {
  const step = flow.step.value;
  return step.kind === 'not_claimed' && step.failure.code === 'not_found';
}

function useTyping(): [boolean, (types: boolean) => void] {
  const navigate = useNavigate();
  const [types, setTypes] = useState(location.search === '?type');
  useEffect(() => {
    const look = () => setTypes(location.search === '?type');
    addEventListener('popstate', look);
    return () => removeEventListener('popstate', look);
  }, []);
  return [
    types,
    (next) => {
      navigate(next ? TYPE : '/app/add', next ? {} : { replace: true });
      setTypes(next);
    },
  ];
}

function Kinds({ onType }: { readonly onType: () => void }) {
  return (
    <Screen title={t('app.add.title')} class="setup" back="/app/">
      <section class="card">
        <h2>{t('app.add.work.title')}</h2>
        <p>{t('app.add.work.text')}</p>
        <div class="buttons stack">
          <Link to="/app/add/scan" class="button main wide">
            <Icon name="scan" />
            {t('app.add.work.scan')}
          </Link>
          <Button class="wide" onPress={onType}>
            {t('app.add.work.type')}
          </Button>
        </div>
      </section>
      <Personal />
    </Screen>
  );
}

/** By the sign-in page of this server, in this window: it comes back with a link of its own. */
function Personal() {
  const app = useApp();
  const phones = usePhones();
  const address = app.server.value?.public_url;
  const to = `${address?.replace(/\/$/, '')}/account/phones/add?app=1`;
  return (
    <section class="card">
      <h2>{t('app.add.personal.title')}</h2>
      <p>{t('app.add.personal.text')}</p>
      {address === undefined ? (
        <p class="hint">{t('app.add.personal.offline')}</p>
      ) : (
        <a
          class="button wide"
          href={to}
          onClick={(event) => {
            if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
            event.preventDefault();
            void leaveToSignIn(app, phones, to);
          }}
        >
          {t('app.add.personal.sign_in')}
        </a>
      )}
    </section>
  );
}
