import { expect, test } from 'vitest';
import { route, tabOf } from './router.ts';

const id = 'A1b2C3d4E5f6G7h8I9j0_-';

test('each address leads to its screen', () => {
  expect(route('/app/')).toEqual({ at: 'accounts' });
  expect(route('/app')).toEqual({ at: 'accounts' });
  expect(route(`/app/account/${id}`)).toEqual({ at: 'account', id });
  expect(route(`/app/request/${id}/`)).toEqual({ at: 'request', id });
  expect(route('/app/add')).toEqual({ at: 'add' });
  expect(route('/app/add/scan')).toEqual({ at: 'scan' });
  expect(route('/app/e')).toEqual({ at: 'invitation' });
  expect(route('/app/requests')).toEqual({ at: 'requests' });
  expect(route('/app/settings/lock')).toEqual({ at: 'settings', part: 'lock' });
});

test('what is no address of ours leads to the accounts', () => {
  for (const path of ['/app/nothing', '/app/request/short', `/app/request/${id}/more`, '/app/account/', '/app/../x'])
    expect(route(path)).toEqual({ at: 'accounts' });
  expect(route('/app/settings/__proto__')).toEqual({ at: 'settings', part: 'all' });
});

test('tabs stand under their own screens only', () => {
  expect(tabOf(route('/app/'))).toBe('accounts');
  expect(tabOf(route('/app/settings'))).toBe('settings');
  expect(tabOf(route('/app/settings/lock'))).toBeUndefined();
  expect(tabOf(route(`/app/request/${id}`))).toBeUndefined();
});
