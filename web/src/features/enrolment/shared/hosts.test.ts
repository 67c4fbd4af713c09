import { expect, test } from 'vitest';
import { shownHost, shownText } from './hosts.ts';

test('a host is shown without what stands around it', () => {
  expect(shownHost('https://phone.example.org/app/e#1.a.b')).toBe('phone.example.org');
  expect(shownHost('http://login.localhost:8080')).toBe('login.localhost:8080');
  expect(shownHost('https://phone.example.org@evil.example/')).toBe('evil.example');
});

test('letters that look like ours are shown as ASCII', () => {
  expect(shownHost('https://phоne.example.org/')).toBe('xn--phne-65d.example.org');
  expect(shownHost('https://ехаmple.org/')).toMatch(/^xn--/);
});

test('marks that turn or hide text are gone', () => {
  expect(shownHost('https://evil\u202egro.elpmaxe.org/') ?? '').not.toMatch(/[^\x21-\x7e]/);
  expect(shownText('a\u202eb\u200fc\u2066d\u0000e\u00adf')).toBe('abcdef');
  expect(shownText('line\nand\ttab')).toBe('lineandtab');
});

test('a long host keeps its end, a long text its beginning', () => {
  const host = shownHost(`https://${'phone.example.org.'.repeat(12)}evil.example/`) ?? '';
  expect(host.length).toBe(60);
  expect(host.endsWith('evil.example')).toBe(true);
  expect(shownText('x'.repeat(100_000)).length).toBe(60);
});

test('what is no address has no host', () => {
  expect(['', 'hello', 'mailto:a@b.c', 'javascript:alert(1)', 'https://'].map(shownHost)).toEqual(
    Array(5).fill(undefined),
  );
});
