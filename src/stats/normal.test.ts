import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalCdf } from './normal.ts';

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.abs(expected), `${actual} is not ${expected}`);
}

test('the normal distribution is that of the tables', () => {
  // Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, table 26.1, to its 15 places.
  near(normalCdf(0), 0.5, 0);
  near(normalCdf(1), 0.841344746068543, 1e-15);
  near(normalCdf(2), 0.977249868051821, 1e-15);
  near(normalCdf(3), 0.99865010196837, 1e-15);
});

test('the lower tail is exact to twelve digits', () => {
  // The test values of Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988.
  near(normalCdf(-0.6744897501960817), 0.25, 1e-12);
  near(normalCdf(-3.090232306167814), 0.001, 1e-12);
  near(normalCdf(-9.262340089798409), 1e-20, 1e-12);
});

test('series and continued fraction meet, and rise everywhere', () => {
  near(normalCdf(-3 + 1e-15), normalCdf(-3), 1e-12);
  for (let z = -38; z < 5; z += 0.01) assert.ok(normalCdf(z) < normalCdf(z + 0.01), `${z}`);
});

test('both ends are reached', () => {
  assert.deepEqual(
    [Number.NEGATIVE_INFINITY, -40, 40, Number.POSITIVE_INFINITY].map(normalCdf),
    [0, 0, 1, 1],
  );
});
