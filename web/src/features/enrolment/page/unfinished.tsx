import { useEffect } from 'preact/hooks';
import { useNavigate } from '../../../ui/context.ts';
import { t } from '../../../ui/texts.ts';
import { type FrameParts, Steps } from './steps.tsx';
import { useFlow } from './use-flow.ts';

/** Digits that still wait to be typed, after the app was closed. Without any it leads to the accounts. */
export function UnfinishedScreen({ waiting }: FrameParts) {
  const flow = useFlow();
  const navigate = useNavigate();
  useEffect(() => {
    flow
      .resume()
      .catch(() => false)
      .then((found) => {
        if (!found && flow.step.value.kind === 'idle') navigate('/app/', { replace: true });
      });
  }, [flow, navigate]);
  return (
    <Steps
      flow={flow}
      onBack={() => navigate('/app/', { replace: true })}
      backLabel={t('app.setup.to_accounts')}
      waiting={waiting}
    />
  );
}
