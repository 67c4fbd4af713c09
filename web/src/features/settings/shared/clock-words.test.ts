import { expect, test } from 'vitest';
import { howFar } from './clock-words.ts';

test('a clock that is right enough is called right', () => {
  expect([0, 5, -5].map(howFar)).toEqual([undefined, undefined, undefined]);
});

test('how far it is off is told in a unit that people use', () => {
  expect(howFar(-61)).toEqual({ unit: 'seconds', count: 61 });
  expect(howFar(119)).toEqual({ unit: 'seconds', count: 119 });
  expect(howFar(120)).toEqual({ unit: 'minutes', count: 2 });
  expect(howFar(-3600)).toEqual({ unit: 'minutes', count: 60 });
  expect(howFar(7200)).toEqual({ unit: 'hours', count: 2 });
});
