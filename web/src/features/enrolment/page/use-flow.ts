import type { Phones } from '../../../shared/phone/phones.ts';
import { useApp } from '../../../ui/app.ts';
import { usePhones } from '../../../ui/context.ts';
import { Flow } from '../shared/flow.ts';

const flows = new WeakMap<Phones, Flow>();

/** The one adding of an account under way, whichever screen shows it. */
export function useFlow(): Flow {
  const phones = usePhones();
  const { platform } = useApp();
  const known = flows.get(phones);
  if (known) return known;
  const made = new Flow(phones, platform);
  flows.set(phones, made);
  return made;
}
