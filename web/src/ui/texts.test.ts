import { expect, test } from 'vitest';
import { preferred } from './texts.ts';

test('a choice counts before what the browser wants', () => {
  expect(preferred('nl', ['en-GB'])).toBe('nl');
  expect(preferred('en', ['nl'])).toBe('en');
});

test('the first language that we have is taken, whatever its region', () => {
  expect(preferred(undefined, ['fr-FR', 'nl-BE', 'en'])).toBe('nl');
  expect(preferred(undefined, ['EN-us', 'nl'])).toBe('en');
});

test('without one it is English', () => {
  expect(preferred(undefined, ['fr', 'de'])).toBe('en');
  expect(preferred(undefined, [])).toBe('en');
  expect(preferred('xx', ['nl'])).toBe('en');
});
