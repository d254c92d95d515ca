import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FlameStack, flameGraph } from './flame.ts';

const HOSTILE = `</text><script>alert(1)</script>"'&\u0000\u202e\ud800`;
const stacks: FlameStack[] = [
  { frames: ['job', 'entry', 'read', 'submit'], count: 60 },
  { frames: ['job', 'entry', 'read'], count: 20 },
  { frames: ['job', 'user mode'], count: 15 },
  { frames: ['pool', 'futex_wait_with_a_name_that_is_too_long'], count: 5 },
];

interface Drawn {
  said: string;
  x: number;
  y: number;
  width: number;
  label: string;
}

/** What is drawn, by what pointing at it says. */
function drawn(svg: string): Drawn[] {
  const box =
    /<g><title>([^<]*)<\/title><rect class="c\d" x="([\d.]+)" y="(\d+)" width="([\d.]+)" height="\d+"\/>(?:<text[^>]*>([^<]*)<\/text>)?<\/g>/g;
  return [...svg.matchAll(box)].map(([, said = '', x, y, width, label = '']) => ({
    ...{ said, x: Number(x), y: Number(y), width: Number(width), label },
  }));
}

describe('a flame graph', () => {
  const svg = flameGraph(stacks, { width: 1000, title: 'reads' });
  const boxes = drawn(svg);
  const of = (name: string) => boxes.find(({ said }) => said.startsWith(`${name} (`)) as Drawn;

  it('has a box for each frame, as wide as its share, above its caller', () => {
    assert.equal(boxes.length, 8);
    assert.equal(of('all').width, 980);
    for (const [name, share] of [
      ['job', 0.95],
      ['entry', 0.8],
      ['read', 0.8],
      ['submit', 0.6],
      ['user mode', 0.15],
      ['pool', 0.05],
    ] as const)
      assert.equal(of(name).width, 980 * share, name);
    assert.equal(of('read').said, 'read (80 samples, 80 %)');
    const [caller, callee] = [of('entry'), of('read')];
    assert.ok(callee.y < caller.y && callee.x >= caller.x, 'above, and within');
    assert.ok(callee.x + callee.width <= caller.x + caller.width + 0.01);
  });

  it('cuts names that do not fit', () => {
    assert.equal(of('submit').label, 'submit');
    assert.match(of('futex_wait_with_a_name_that_is_too_long').label, /^fut\w*\.\.$/);
    assert.ok(drawn(flameGraph(stacks, { width: 300, title: '' })).some(({ label }) => label === ''));
  });

  it('is the same whatever the order of its stacks', () => {
    assert.equal(flameGraph([...stacks].reverse(), { width: 1000, title: 'reads' }), svg);
  });

  it('is an image by itself, also of nothing and of hostile names', () => {
    assert.match(flameGraph([], { width: 500, title: 'none' }), /none: no samples/);
    const evil = flameGraph([{ frames: [HOSTILE, HOSTILE], count: 3 }], { width: 1000, title: HOSTILE });
    for (const text of [svg, evil]) {
      assert.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*>\n[\s\S]*<\/svg>\n$/);
      assert.doesNotMatch(text, /<script|url\(|href|@import|\p{Cc}(?<!\n)|\u202e|\p{Cs}/u);
    }
    assert.equal(drawn(evil).length, 3);
  });
});
