import { AccountScreen } from '../features/accounts/page/account-screen.tsx';
import { ActivityList } from '../features/activity/page/activity-list.tsx';
import { useApp } from '../ui/app.ts';

export function AccountRoute({ id }: { readonly id: string }) {
  const { accounts } = useApp();
  const own = (accounts.value ?? []).filter(({ phone }) => phone === id);
  return <AccountScreen id={id} activity={<ActivityList accounts={own} />} />;
}
