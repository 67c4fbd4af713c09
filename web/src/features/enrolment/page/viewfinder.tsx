import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../../ui/button.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { t } from '../../../ui/texts.ts';
import { type Camera, CameraError, type CameraTrouble, openCamera } from './camera.ts';
import { decode, prepare } from './qr.ts';

/** How often a picture is looked at, and how long the same text is not told again, in milliseconds. */
const EACH = 120;
const SAME = 4000;
/** Enough for the codes that a page shows, and quick on a cheap phone. */
const SIDE = 640;

type State = 'starting' | 'on' | CameraTrouble;

/** The camera's picture, looked through for a QR code until the screen is left. It is off while nobody looks. */
export function Viewfinder({ onText }: { readonly onText: (text: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<State>('starting');
  const [tries, setTries] = useState(0);
  const [camera, setCamera] = useState<Camera | undefined>();
  const told = useRef(onText);
  told.current = onText;
  useEffect(() => {
    const stop = new AbortController();
    if (tries === 0) prepare();
    const start = () => {
      if (document.visibilityState !== 'visible') return;
      const round = new AbortController();
      const end = () => document.visibilityState === 'hidden' && round.abort();
      document.addEventListener('visibilitychange', end, { signal: round.signal });
      stop.signal.addEventListener('abort', () => round.abort());
      void run(video, round.signal, setState, setCamera, (text) => told.current(text));
    };
    document.addEventListener('visibilitychange', start, { signal: stop.signal });
    start();
    return () => stop.abort();
  }, [tries]);
  if (state !== 'starting' && state !== 'on') {
    const retry = () => {
      setState('starting');
      setTries(tries + 1);
    };
    return <Trouble trouble={state} onRetry={retry} />;
  }
  return (
    <>
      <p>{t('app.scan.task')}</p>
      <div class="viewfinder">
        <video ref={video} playsInline muted aria-label={t('app.scan.view')} />
        <div class="aim" aria-hidden="true" />
        <p class="viewfinder-word" role="status">
          {state === 'starting' ? t('app.scan.starting') : ''}
        </p>
        {camera?.lamp ? <Lamp camera={camera} /> : null}
      </div>
    </>
  );
}

/** Opens the camera, looks until aborted, and gives it back: its light must not burn on. */
async function run(
  video: { readonly current: HTMLVideoElement | null },
  signal: AbortSignal,
  setState: (state: State) => void,
  setCamera: (next: (camera: Camera | undefined) => Camera | undefined) => void,
  tell: (text: string) => void,
): Promise<void> {
  let camera: Camera | undefined;
  try {
    camera = await openCamera();
    const element = video.current;
    if (signal.aborted || !element) return;
    element.srcObject = camera.stream;
    await element.play();
    if (signal.aborted) return;
    setCamera(() => camera);
    setState('on');
    await look(element, signal, tell);
  } catch (thrown) {
    if (!signal.aborted) setState(thrown instanceof CameraError ? thrown.trouble : 'in_use');
  } finally {
    camera?.stop();
    // Another round may have its own picture already.
    setCamera((now) => (now === camera ? undefined : now));
    if (camera && video.current?.srcObject === camera.stream) video.current.srcObject = null;
  }
}

async function look(video: HTMLVideoElement, signal: AbortSignal, tell: (text: string) => void): Promise<void> {
  let last = '';
  let at = 0;
  while (!signal.aborted) {
    const text = await decode(video, SIDE).catch(() => undefined);
    const now = performance.now();
    if (text && !signal.aborted && (text !== last || now - at > SAME)) {
      last = text;
      at = now;
      tell(text);
    }
    await new Promise((resolve) => setTimeout(resolve, EACH));
  }
}

function Lamp({ camera }: { readonly camera: Camera }) {
  const [on, setOn] = useState(false);
  return (
    <Button
      class="lamp"
      pressed={on}
      onPress={async () => {
        await camera.light(!on).then(
          () => setOn(!on),
          () => undefined,
        );
      }}
    >
      {on ? t('app.scan.light_off') : t('app.scan.light_on')}
    </Button>
  );
}

function Trouble({ trouble, onRetry }: { readonly trouble: CameraTrouble; readonly onRetry: () => void }) {
  const again = <Button onPress={onRetry}>{t('app.try_again')}</Button>;
  switch (trouble) {
    case 'denied':
      return (
        <Notice live kind="warning" title={t('app.scan.denied.title')} actions={again}>
          <p>{t('app.scan.denied.text')}</p>
        </Notice>
      );
    case 'none':
      return (
        <Notice live kind="info" title={t('app.scan.none.title')}>
          <p>{t('app.scan.none.text')}</p>
        </Notice>
      );
    case 'in_use':
      return (
        <Notice live kind="warning" title={t('app.scan.in_use.title')} actions={again}>
          <p>{t('app.scan.in_use.text')}</p>
        </Notice>
      );
  }
}
