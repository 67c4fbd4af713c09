import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../../../ui/app.ts';
import { Button } from '../../../ui/button.tsx';
import { useNavigate, usePhones } from '../../../ui/context.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { type Found, sort } from '../shared/found.ts';
import { TYPE } from './add.tsx';
import { type Refused, RefusedNotice } from './refused.tsx';
import { type FrameParts, Steps } from './steps.tsx';
import { useFlow } from './use-flow.ts';
import { cameBack } from './way-back.ts';

/** What this window was opened with. Kept here because the address forgets it at once. */
let opened: Found | undefined;
/** Whether the page before this one in this window wants the digits. */
let followed = false;

/** The link of a QR code, opened by the camera. Nothing is claimed before a tap: a link alone must do nothing. */
export function InvitationScreen({ waiting }: FrameParts) {
  const flow = useFlow();
  const navigate = useNavigate();
  const found = useOpened();
  useWayBack(found);
  const leave = () => {
    opened = undefined;
    navigate('/app/', { replace: true });
  };
  if (flow.step.value.kind !== 'idle') {
    return (
      <Steps
        flow={flow}
        onBack={leave}
        backLabel={t('app.setup.to_accounts')}
        waiting={waiting}
        sameWindow={followed}
      />
    );
  }
  if (found?.kind === 'invitation') {
    const claim = () => {
      // It is spent from here on: coming back by the history must not offer it again.
      opened = undefined;
      void flow.claim(found.invitation);
    };
    return <Invited onHere={claim} onStop={leave} />;
  }
  return <NotInvited refused={found === undefined || found.kind === 'code' ? undefined : found} />;
}

/** Reads the fragment once, and clears it: no history, screenshot or reload shall have the token. */
function useOpened(): Found | undefined {
  const phones = usePhones();
  const [found, setFound] = useState(() => readOnce(phones));
  useEffect(() => {
    const again = () => setFound(readOnce(phones));
    addEventListener('hashchange', again);
    return () => removeEventListener('hashchange', again);
  }, [phones]);
  return found;
}

function useWayBack(found: Found | undefined): void {
  const app = useApp();
  const phones = usePhones();
  useEffect(() => {
    if (found?.kind !== 'invitation') return;
    void cameBack(app, phones).then((came) => {
      followed ||= came;
    });
  }, [app, phones, found]);
}

function readOnce(phones: ReturnType<typeof usePhones>): Found | undefined {
  if (location.hash.length > 1) {
    const { href } = location;
    history.replaceState(history.state, '', location.pathname);
    opened = sort(phones, href);
  }
  return opened;
}

function Invited({ onHere, onStop }: { readonly onHere: () => void; readonly onStop: () => void }) {
  const { install } = useApp();
  if (install.state.value === 'by_hand') return <HomeScreenFirst onHere={onHere} onStop={onStop} />;
  return (
    <Screen title={t('app.invite.title')} class="setup">
      <div class="setup-sign">
        <Icon name="phone" />
      </div>
      <p>{t('app.invite.text')}</p>
      <div class="buttons stack">
        <Button kind="main" class="wide" onPress={onHere}>
          {t('app.invite.here')}
        </Button>
        {install.state.value === 'can' ? (
          <Button class="wide" onPress={() => install.ask()}>
            <Icon name="download" />
            {t('app.invite.install')}
          </Button>
        ) : null}
        <InstallWords />
        <Button kind="quiet" class="wide" onPress={onStop}>
          {t('app.invite.stop')}
        </Button>
      </div>
      <p class="hint">{t('app.invite.not_you')}</p>
    </Screen>
  );
}

/** What installing changes, and, once it is done, that one goes on here. */
function InstallWords() {
  const { install } = useApp();
  const [asked] = useState(install.state.value);
  if (asked !== 'can') return null;
  return (
    <p class="hint" role="status">
      {install.state.value === 'installed' ? t('app.invite.installed') : t('app.invite.install_text')}
    </p>
  );
}

/** An iPhone keeps what stands on the home screen apart from its browser: whoever installs later would start anew. */
function HomeScreenFirst({ onHere, onStop }: { readonly onHere: () => void; readonly onStop: () => void }) {
  return (
    <Screen title={t('app.invite.ios.title')} class="setup">
      <p>{t('app.invite.ios.why')}</p>
      <ol class="steps card">
        <li>
          <Icon name="share" />
          <span>{t('app.invite.ios.share')}</span>
        </li>
        <li>
          <Icon name="add" />
          <span>{t('app.invite.ios.add')}</span>
        </li>
        <li>
          <Icon name="scan" />
          <span>{t('app.invite.ios.scan')}</span>
        </li>
      </ol>
      <div class="buttons stack">
        <Button class="wide" onPress={onHere}>
          {t('app.invite.ios.here')}
        </Button>
        <Button kind="quiet" class="wide" onPress={onStop}>
          {t('app.invite.stop')}
        </Button>
      </div>
      <p class="hint">{t('app.invite.not_you')}</p>
    </Screen>
  );
}

/** A link that says nothing, or nothing for us; also after a reload, as the address was cleared. */
function NotInvited({ refused }: { readonly refused: Refused | undefined }) {
  return (
    <Screen title={refused ? t('app.invite.title') : t('app.invite.gone.title')} class="setup" back="/app/">
      {refused ? <RefusedNotice refused={refused} /> : <p>{t('app.invite.gone.text')}</p>}
      <div class="buttons stack">
        <Link to="/app/add/scan" class="button main wide">
          <Icon name="scan" />
          {t('app.add.work.scan')}
        </Link>
        <Link to={TYPE} class="button wide">
          {t('app.add.work.type')}
        </Link>
      </div>
    </Screen>
  );
}
