import { expect, test } from 'vitest';
import { knownModel, nameProblem, platformName } from './phone-name.ts';

test('a phone is called what its owner calls it', () => {
  const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0';
  expect(platformName(`Mozilla/5.0 (Linux; Android 10; K) ${chrome} Mobile Safari/537.36`, 5)).toBe('android');
  expect(platformName('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)', 5)).toBe('iphone');
  expect(platformName('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15', 5)).toBe('ipad');
  expect(platformName('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15', 0)).toBe('mac');
  expect(platformName(`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome}`, 0)).toBe('chromeos');
  expect(platformName(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome}`, 10)).toBe('windows');
  expect(platformName(`Mozilla/5.0 (X11; Linux x86_64) ${chrome}`, 0)).toBe('linux');
  expect(platformName('', 0)).toBe('other');
});

test('a model counts only if it says something', () => {
  expect(knownModel('Pixel 7')).toBe('Pixel 7');
  expect([undefined, '', 'K', 'x'.repeat(50)].map(knownModel)).toEqual(Array(4).fill(undefined));
});

test('a name that the server would refuse is refused here', () => {
  expect(nameProblem(' ')).toBe('empty');
  expect(nameProblem('📱'.repeat(64))).toBeUndefined();
  expect(nameProblem('📱'.repeat(65))).toBe('long');
  expect(nameProblem('Ada\u202es phone')).toBe('characters');
  expect(nameProblem('Ada’s phone')).toBeUndefined();
});
