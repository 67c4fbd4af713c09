import { expect, test } from 'vitest';
import { looksLikeCode, readTypedCode, shownCode } from './typed-code.ts';

test('a code is read as people type it', () => {
  for (const typed of ['7K2M-9QXA', '7k2m9qxa', ' 7K2M 9QXA ', '7-K-2-M-9-Q-X-A', '7K2M–9QXA', '７Ｋ２Ｍ９ＱＸＡ'])
    expect(readTypedCode(typed)).toEqual({ kind: 'code', code: '7K2M9QXA' });
  expect(readTypedCode('oOiI-lL00')).toEqual({ kind: 'code', code: '00111100' });
});

test('what is wrong with it is told', () => {
  expect(readTypedCode('7K2M-9QX')).toEqual({ kind: 'length', length: 7 });
  expect(readTypedCode('')).toEqual({ kind: 'length', length: 0 });
  expect(readTypedCode('7K2M-9QXAA')).toEqual({ kind: 'length', length: 9 });
  expect(readTypedCode('7K2M-9QXU')).toEqual({ kind: 'character', character: 'U' });
  expect(readTypedCode('7K2M-9QX!')).toEqual({ kind: 'character', character: '!' });
});

test('a code is shown as on the page', () => {
  expect(shownCode('7K2M9QXA')).toBe('7K2M-9QXA');
});

test('a code and a link are told apart', () => {
  expect(looksLikeCode('7k2m-9qxa')).toBe(true);
  expect(looksLikeCode('https://phone.example.org/app/e#1.a.b')).toBe(false);
  expect(looksLikeCode(`7K2M9QXA${' '.repeat(30)}`)).toBe(false);
});
