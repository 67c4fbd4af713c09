import { expect, test } from 'vitest';
import type { Reading } from '../../../shared/phone/phones.ts';
import { sort } from './found.ts';

function read(reading: Reading, text = 'text') {
  const seen: string[] = [];
  const phones = {
    read(text: string) {
      seen.push(text);
      return reading;
    },
  };
  const found = sort(phones, text);
  return { found, seen };
}

test('an invitation goes on, blanks around it taken off', () => {
  const reading = { kind: 'invitation', invitation: { kind: 'link', token: 't', thumbprint: 'p' } } as const;
  const { found, seen } = read(reading, '  https://phone.example.org/app/e#1.t.p\n');
  expect(found).toEqual(reading);
  expect(seen).toEqual(['https://phone.example.org/app/e#1.t.p']);
});

test('nothing and too much never reach the reader', () => {
  expect(read({ kind: 'other' }, ' \n ')).toEqual({ found: { kind: 'nothing' }, seen: [] });
  expect(read({ kind: 'other' }, 'x'.repeat(2001))).toEqual({ found: { kind: 'too_long' }, seen: [] });
  expect(read({ kind: 'other' }, '7k2m-9qxa')).toEqual({ found: { kind: 'code', text: '7k2m-9qxa' }, seen: [] });
});

test('each refusal has its own words', () => {
  expect(read({ kind: 'other_server', origin: 'https://phоne.example.org' }).found).toEqual({
    kind: 'other_server',
    host: 'xn--phne-65d.example.org',
  });
  expect(read({ kind: 'damaged' }).found).toEqual({ kind: 'damaged' });
  expect(read({ kind: 'otpauth' }).found).toEqual({ kind: 'otpauth' });
  expect(read({ kind: 'other' }, 'https://shop.example/menu').found).toEqual({
    kind: 'web_address',
    host: 'shop.example',
  });
  for (const text of ['javascript:alert(1)', 'WIFI:S:home;P:secret;;', 'BEGIN:VCARD', 'hello'])
    expect(read({ kind: 'other' }, text).found).toEqual({ kind: 'other' });
});
