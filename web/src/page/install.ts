/** Putting the app on the home screen: the browser offers it once, so the offer is kept for when it is wanted. */
import { signal } from '@preact/signals';
import type { Install, InstallState } from '../ui/app.ts';

interface InstallPrompt extends Event {
  prompt(): Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

function isPrompt(event: Event): event is InstallPrompt {
  return 'prompt' in event && typeof event.prompt === 'function';
}

/** Safari on iPhone and iPad says by a member of its own whether it runs from the home screen. */
export function fromHomeScreen(): boolean | undefined {
  const standalone: unknown = 'standalone' in navigator ? navigator.standalone : undefined;
  return typeof standalone === 'boolean' ? standalone : undefined;
}

function state(): InstallState {
  if (fromHomeScreen() === true || matchMedia('(display-mode: standalone)').matches) return 'installed';
  // A Mac has that member too, and no home screen.
  return fromHomeScreen() === false && navigator.maxTouchPoints > 1 ? 'by_hand' : 'cannot';
}

export function startInstall(note: (event: string) => void): Install {
  const now = signal<InstallState>(state());
  let offer: InstallPrompt | undefined;
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    if (!isPrompt(event)) return;
    offer = event;
    now.value = 'can';
  });
  addEventListener('appinstalled', () => {
    now.value = 'installed';
    note('installed');
  });
  return {
    state: now,
    async ask() {
      const outcome = (await offer?.prompt())?.outcome;
      offer = undefined;
      if (now.value === 'can') now.value = outcome === 'accepted' ? 'installed' : 'cannot';
      note(`install ${outcome ?? 'none'}`);
      return outcome === 'accepted';
    },
  };
}
