import { useEffect } from 'preact/hooks';
import { useNavigate } from '../../../ui/context.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Link } from '../../../ui/link.tsx';
import { count, t } from '../../../ui/texts.ts';
import { useWatch } from './watch.ts';

/**
 * Stands on the accounts screen. Who looks at that one when a request comes most likely waits for it, so it opens by
 * itself, once: a request to which the person went back from stays here as a line.
 */
export function WaitingBanner() {
  const { waiting } = useWatch();
  const navigate = useNavigate();
  const requests = waiting.requests.value;
  useEffect(() => {
    const fresh = requests.filter(({ id }) => waiting.introduce(id));
    const [first] = fresh;
    if (first) navigate(requests.length > 1 ? '/app/requests' : `/app/request/${first.id}`);
  }, [requests, waiting, navigate]);
  const [first] = requests;
  if (!first) return null;
  const to = requests.length > 1 ? '/app/requests' : `/app/request/${first.id}`;
  return (
    <Link to={to} class="waiting-banner">
      <Icon name="bell" />
      <span role="status">{count('app.waiting.one', 'app.waiting.many', requests.length)}</span>
      <span class="look">{t('app.waiting.look')}</span>
      <Icon name="next" />
    </Link>
  );
}
