import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { escapeHtml, idOf } from './escape.ts';
import { page } from './page.ts';
import { STYLE } from './style.ts';

const section = { title: 'Latency', html: '<p>x</p>' };
const made = (change: Partial<Parameters<typeof page>[0]> = {}) =>
  page({ title: 'T', subtitle: 'S', lead: '', sections: [section, section], version: '1.0.0', ...change });

/** How bright a colour is (WCAG 2.1, relative luminance). */
function luminance(colour: string): number {
  const full = colour.length === 4 ? colour.replace(/[0-9a-f]/g, '$&$&') : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

describe('page', () => {
  it('lets nothing be loaded, and no script run but its own', () => {
    const html = made();
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html) ?? [];
    const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(html) ?? [];
    assert.match(policy, /default-src 'none'/);
    assert.ok(policy.includes(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`));
    assert.deepEqual(html.match(/\b(?:src|href)="(?!#|data:,)[^"]*"/g), null);
    assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:|@import|url\((?!#)/);
  });

  it('has landmarks, and headings with ids that are unique', () => {
    const html = made();
    for (const name of ['header', 'main', 'footer', 'nav']) assert.match(html, new RegExp(`<${name}[ >]`));
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(ids, ['section-latency', 'section-latency-2']);
    assert.match(html, /<html lang="en">/);
  });

  it('leaves out what is empty, and the contents of one section', () => {
    const html = made({ sections: [section, { title: 'Nothing', html: '' }] });
    assert.doesNotMatch(html, /Nothing|<nav/);
  });

  it('takes texts as texts', () => {
    const html = made({ title: '</title><script>alert(1)</script>', subtitle: '<b>' });
    assert.equal(html.match(/<script>/g)?.length, 1);
    assert.ok(!html.includes('<b>'));
  });

  it('has enough contrast, light and dark', () => {
    const palettes = [...STYLE.matchAll(/--paper:[^}]+/g)].map(([text]) =>
      Object.fromEntries(
        [...text.matchAll(/--(\w+):(#\w+)/g)].map(([, name = '', colour = '']) => [name, colour]),
      ),
    );
    assert.equal(palettes.length, 2);
    for (const colours of palettes) {
      for (const name of ['ink', 'soft', 'link', 'good', 'bad', 'warn']) {
        for (const below of ['paper', 'tint']) {
          const found = contrast(colours[name] ?? '', colours[below] ?? '');
          assert.ok(found >= 4.5, `${name} on ${below}: ${found}`);
        }
      }
      for (let at = 0; at < 8; at++) {
        const line = contrast(colours[`s${at}`] ?? '', colours.paper ?? '');
        assert.ok(line >= 4.5, `s${at}: ${line}`);
        const cell = contrast(colours[`h${at}`] ?? '', colours[at < 4 ? 'hlo' : 'hhi'] ?? '');
        assert.ok(cell >= 4.5, `h${at}: ${cell}`);
      }
    }
  });
});

describe('escapeHtml', () => {
  it('leaves no markup and no order', () => {
    assert.equal(
      escapeHtml(`<a href="x" title='y'>&`),
      '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;',
    );
    assert.equal(escapeHtml('a\u0000b\u001b[31m\u202ec'), 'a\\x00b\\x1b[31m\\x202ec');
  });

  it('makes ids of any text', () => {
    assert.equal(idOf('IOPS, bs=4k "x"'), 'iops-bs-4k-x');
    assert.equal(idOf('<>'), 'part');
  });
});
