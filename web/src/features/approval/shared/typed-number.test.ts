import { expect, test } from 'vitest';
import { asciiDigit, keyOf, press } from './typed-number.ts';

const digit = (digit: string) => ({ kind: 'digit', digit }) as const;

test('digits fill up from the left and a digit too many changes nothing', () => {
  let typed = '';
  for (const key of ['4', '7', '9']) typed = press(typed, 2, digit(key));
  expect(typed).toBe('47');
});

test('a leading zero is a digit like any other', () => {
  expect(press(press('', 2, digit('0')), 2, digit('4'))).toBe('04');
});

test('erase takes the last digit, and nothing from an empty number', () => {
  expect(press('47', 2, { kind: 'erase' })).toBe('4');
  expect(press('', 2, { kind: 'erase' })).toBe('');
  expect(press('47', 2, { kind: 'clear' })).toBe('');
});

test('digits of other scripts become ASCII, anything else is no digit', () => {
  expect(['٤', '۴', '４', '4'].map(asciiDigit)).toEqual(['4', '4', '4', '4']);
  expect(['', '44', 'a', '²', '½', ' '].map(asciiDigit)).toEqual(Array(6).fill(undefined));
  expect(press('4', 2, digit('x'))).toBe('4');
});

test('only a whole number can be pasted', () => {
  const paste = (text: string) => press('1', 2, { kind: 'paste', text });
  expect(paste(' 4 7\n')).toBe('47');
  expect(paste('٤٧')).toBe('47');
  expect(['', '4', '478', 'x47', '4a', `47${' '.repeat(100)}8`].map(paste).filter((typed) => typed !== '1')).toEqual([
    '47',
  ]);
});

test('keys of a keyboard', () => {
  expect(keyOf('7')).toEqual(digit('7'));
  expect(keyOf('Backspace')).toEqual({ kind: 'erase' });
  expect(keyOf('Enter')).toBeUndefined();
  expect(keyOf('F4')).toBeUndefined();
});
