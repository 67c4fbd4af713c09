/** What every screen may ask for: the phone, and the way to another screen. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Phones } from '../shared/phone/phones.ts';

export type Navigate = (path: string, how?: { readonly replace?: boolean }) => void;

export const PhonesContext = createContext<Phones | undefined>(undefined);
export const NavigateContext = createContext<Navigate>(() => {});

export function usePhones(): Phones {
  const phones = useContext(PhonesContext);
  if (!phones) throw new Error('no phone around this screen');
  return phones;
}

/** Goes to a path under `/app/`. */
export function useNavigate(): Navigate {
  return useContext(NavigateContext);
}
