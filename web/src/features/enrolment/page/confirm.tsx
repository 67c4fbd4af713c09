import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { Field } from '../../../ui/field.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { type TextKey, t } from '../../../ui/texts.ts';
import type { Flow, Step } from '../shared/flow.ts';
import { knownModel, nameProblem, type PlatformName, platformName } from '../shared/phone-name.ts';

const names: Record<PlatformName, TextKey> = {
  android: 'app.setup.phone.android',
  iphone: 'app.setup.phone.iphone',
  ipad: 'app.setup.phone.ipad',
  windows: 'app.setup.phone.windows',
  mac: 'app.setup.phone.mac',
  linux: 'app.setup.phone.linux',
  chromeos: 'app.setup.phone.chromeos',
  other: 'app.setup.phone.other',
};

const problems = {
  empty: 'app.setup.confirm.phone_empty',
  long: 'app.setup.confirm.phone_long',
  characters: 'app.setup.confirm.phone_characters',
} as const;

/** Who is being added, before anything is made; and what this phone is called. */
export function ConfirmStep(props: {
  readonly flow: Flow;
  readonly step: Extract<Step, { kind: 'confirm' }>;
  readonly onStop: () => void;
}) {
  const { flow, step, onStop } = props;
  const { account } = step.enrolment;
  const [name, setName] = usePhoneName();
  const [tried, setTried] = useState(false);
  const problem = nameProblem(name);
  const error = tried && problem ? t(problems[problem]) : undefined;
  return (
    <Screen title={t('app.setup.confirm.title')} class="setup" back={onStop}>
      <dl class="card who" translate={false}>
        <div>
          <dt>{t('app.setup.confirm.account')}</dt>
          <dd>
            <bdi>{account.username}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('app.setup.confirm.person')}</dt>
          <dd>
            <bdi>{account.name}</bdi>
          </dd>
        </div>
        {account.organisation === undefined ? null : (
          <div>
            <dt>{t('app.setup.confirm.organisation')}</dt>
            <dd>
              <bdi>{account.organisation}</bdi>
            </dd>
          </div>
        )}
      </dl>
      {step.replaces ? <Notice kind="info" title={t('app.setup.confirm.again')} /> : null}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (!problem) void flow.confirm(name);
        }}
      >
        <Field
          label={t('app.setup.confirm.phone')}
          hint={t('app.setup.confirm.phone_hint')}
          error={error}
          value={name}
          onInput={setName}
          capitalize="words"
          maxLength={200}
        />
        <div class="buttons stack">
          <Button submit kind="main" class="wide" busy={flow.busy.value}>
            {t('app.setup.confirm.go')}
          </Button>
          <Button class="wide" onPress={onStop}>
            {t('app.invite.stop')}
          </Button>
        </div>
      </form>
      <p class="hint">{t('app.setup.confirm.not_yours')}</p>
    </Screen>
  );
}

/** What the owner would call it: its model where the browser tells one, until the person types something else. */
function usePhoneName(): [string, (name: string) => void] {
  const [typed, setTyped] = useState<string | undefined>();
  const [model, setModel] = useState<string | undefined>();
  useEffect(() => {
    void modelOf().then(setModel);
  }, []);
  return [typed ?? model ?? t(names[platformName(navigator.userAgent, navigator.maxTouchPoints)]), setTyped];
}

interface AgentData {
  getHighEntropyValues(hints: readonly string[]): Promise<{ readonly model?: string }>;
}

function isAgentData(value: unknown): value is AgentData {
  return typeof value === 'object' && value !== null && 'getHighEntropyValues' in value;
}

async function modelOf(): Promise<string | undefined> {
  const data: unknown = 'userAgentData' in navigator ? navigator.userAgentData : undefined;
  if (!isAgentData(data)) return undefined;
  try {
    return knownModel((await data.getHighEntropyValues(['model'])).model);
  } catch {
    return undefined;
  }
}
