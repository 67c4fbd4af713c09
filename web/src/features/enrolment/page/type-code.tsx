import { useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { Field } from '../../../ui/field.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Screen } from '../../../ui/screen.tsx';
import { count, t } from '../../../ui/texts.ts';
import type { Flow } from '../shared/flow.ts';
import { readTypedCode } from '../shared/typed-code.ts';

/** User name and code, for who can't scan. What was typed stays, whatever the server says. */
export function TypeScreen(props: { readonly flow: Flow; readonly code?: string; readonly onBack: () => void }) {
  const { flow, onBack } = props;
  const [username, setUsername] = useState('');
  const [code, setCode] = useState(props.code ?? '');
  const [tried, setTried] = useState(false);
  const step = flow.step.value;
  const wrong = step.kind === 'not_claimed' && step.failure.code === 'not_found';
  const nobody = tried && username.trim() === '' ? t('app.type.username_empty') : undefined;
  const problem = codeProblem(code);
  return (
    <Screen title={t('app.type.title')} class="setup" back={onBack}>
      <p>{t('app.type.where')}</p>
      {wrong ? (
        <Notice live kind="warning" title={t('app.type.wrong.title')}>
          <p>{t('app.type.wrong.text')}</p>
        </Notice>
      ) : null}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          const read = readTypedCode(code);
          if (username.trim() === '' || read.kind !== 'code') return;
          void flow.claim({ kind: 'code', username: username.trim(), code: read.code });
        }}
      >
        <Field
          label={t('app.type.username')}
          error={nobody}
          value={username}
          onInput={setUsername}
          autocomplete="username"
          maxLength={320}
        />
        <Field
          label={t('app.type.code')}
          hint={t('app.type.code_hint')}
          error={tried ? problem : undefined}
          value={code}
          onInput={setCode}
          capitalize="characters"
          maxLength={40}
          code
        />
        <Button submit kind="main" class="wide" busy={flow.busy.value}>
          {t('app.type.go')}
        </Button>
      </form>
    </Screen>
  );
}

function codeProblem(code: string): string | undefined {
  const read = readTypedCode(code);
  switch (read.kind) {
    case 'code':
      return undefined;
    case 'character':
      return t('app.type.code_character', { character: read.character });
    case 'length':
      if (read.length === 0) return t('app.type.code_empty');
      return count('app.type.code_length', 'app.type.code_length', read.length);
  }
}
