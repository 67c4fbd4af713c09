import { useRef, useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { useNavigate, usePhones } from '../../../ui/context.ts';
import { Field } from '../../../ui/field.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { t } from '../../../ui/texts.ts';
import { sort } from '../shared/found.ts';
import { TYPE } from './add.tsx';
import { readPicture } from './picture.ts';
import { type Refused, RefusedNotice } from './refused.tsx';
import { type FrameParts, Steps } from './steps.tsx';
import { TypeScreen } from './type-code.tsx';
import { useFlow } from './use-flow.ts';
import { Viewfinder } from './viewfinder.tsx';

/** The camera, and what to do without one: a picture, a link, or the typed code. */
export function ScanScreen({ waiting }: FrameParts) {
  const flow = useFlow();
  const phones = usePhones();
  const navigate = useNavigate();
  const [refused, setRefused] = useState<Refused | undefined>();
  const [code, setCode] = useState<string | undefined>();
  const take = (text: string) => {
    const found = sort(phones, text);
    if (found.kind === 'invitation') {
      setRefused(undefined);
      void flow.claim(found.invitation);
    } else if (found.kind === 'code') setCode(found.text);
    else setRefused(found);
  };
  if (code !== undefined && ['idle', 'claiming', 'not_claimed'].includes(flow.step.value.kind)) {
    return (
      <TypeScreen
        flow={flow}
        code={code}
        onBack={() => {
          void flow.leave();
          setCode(undefined);
        }}
      />
    );
  }
  if (flow.step.value.kind !== 'idle') {
    return <Steps flow={flow} onBack={() => setCode(undefined)} backLabel={t('app.scan.again')} waiting={waiting} />;
  }
  return (
    <Screen title={t('app.scan.title')} class="setup scan" back="/app/add">
      <Viewfinder onText={take} />
      {refused ? <RefusedNotice refused={refused} /> : null}
      <div class="buttons equal">
        <Picture onText={take} onNothing={setRefused} />
        <Button onPress={() => navigate(TYPE)}>{t('app.scan.type')}</Button>
      </div>
      <PasteLink onText={take} />
    </Screen>
  );
}

/** A photo or a screenshot of the code. */
function Picture(props: { readonly onText: (text: string) => void; readonly onNothing: (refused: Refused) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const read = async (file: File) => {
    setBusy(true);
    try {
      const found = await readPicture(file);
      if (found.kind === 'text') props.onText(found.text);
      else props.onNothing(found);
    } catch {
      props.onNothing({ kind: 'nothing' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button busy={busy} onPress={() => input.current?.click()}>
        {t('app.scan.picture')}
      </Button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        aria-label={t('app.scan.picture')}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          // The same file may be chosen again.
          event.currentTarget.value = '';
          if (file) void read(file);
        }}
      />
      <span class="unseen" role="status">
        {busy ? t('app.scan.reading') : ''}
      </span>
    </>
  );
}

function PasteLink({ onText }: { readonly onText: (text: string) => void }) {
  const [link, setLink] = useState('');
  return (
    <details>
      <summary>{t('app.scan.link.title')}</summary>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onText(link);
        }}
      >
        <Field label={t('app.scan.link.label')} value={link} onInput={setLink} inputMode="url" />
        <Button submit class="wide">
          {t('app.scan.link.use')}
        </Button>
      </form>
    </details>
  );
}
