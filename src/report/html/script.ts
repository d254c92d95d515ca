/** The page's script: values under the pointer, a closer look at a part of time. The page says all without it. */

/**
 * What runs in the reader's browser, as text. It takes positions from the drawing and values from the table behind it, so
 * that nothing stands twice in a page; what it writes is text, never markup.
 */
export const SCRIPT = `'use strict';
(() => {
const NS = 'http://www.w3.org/2000/svg';
const make = (svg, name, kind) => { const e = document.createElementNS(NS, name); e.setAttribute('class', kind); e.setAttribute('pointer-events', 'none'); svg.append(e); return e; };
const pathPoints = (d) => { const n = (d.match(/-?[\\d.]+/g) || []).map(Number); const points = []; for (let i = 0; i + 1 < n.length; i += 2) points.push([n[i], n[i + 1]]); return points; };
const cells = (row, from) => [...row.cells].slice(from).map((c) => c.textContent).filter((t) => t !== '');
for (const figure of document.querySelectorAll('figure[data-frame]')) {
  const svg = figure.querySelector('svg.chart');
  const [left, right, top, bottom] = figure.dataset.frame.split(' ').map(Number);
  const tip = document.createElement('div'); tip.className = 'tip'; tip.hidden = true; figure.append(tip);
  const at = (event) => { const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()); return [p.x, p.y]; };
  const show = (event, text) => {
    const box = figure.getBoundingClientRect();
    tip.textContent = text; tip.hidden = false;
    const x = event.clientX - box.left, y = event.clientY - box.top;
    tip.style.left = Math.max(0, x > box.width / 2 ? x - tip.offsetWidth - 14 : x + 14) + 'px';
    tip.style.top = Math.max(0, y - tip.offsetHeight - 10) + 'px';
  };
  const inside = ([x, y]) => x >= left - 4 && x <= right + 4 && y >= top - 4 && y <= bottom + 4;
  let zoom = [1, 0];
  if ('lines' in figure.dataset) {
    const bodies = figure.querySelectorAll('tbody');
    const lines = [...svg.querySelectorAll('.plot>g')].map((g, i) => ({ name: g.dataset.name, points: pathPoints(g.querySelector('.l').getAttribute('d')), rows: bodies[i] ? bodies[i].rows : [] }));
    const hair = make(svg, 'path', 'hair');
    svg.addEventListener('pointermove', (event) => {
      const place = at(event);
      if (!inside(place)) { tip.hidden = true; hair.removeAttribute('d'); return; }
      const x = (place[0] - zoom[1]) / zoom[0];
      let best = null;
      for (const { points } of lines) for (const p of points) if (best === null || Math.abs(p[0] - x) < Math.abs(best - x)) best = p[0];
      if (best === null) return;
      const texts = [];
      for (const { name, points, rows } of lines) {
        const index = points.findIndex((p) => Math.abs(p[0] - best) < 1);
        if (index >= 0 && rows[index]) { const [first, ...rest] = cells(rows[index], 1); if (texts.length === 0) texts.push(first); texts.push((name ? name + ': ' : '') + rest.join(', ')); }
      }
      const screen = best * zoom[0] + zoom[1];
      hair.setAttribute('d', 'M' + screen + ',' + top + 'V' + bottom);
      show(event, texts.join('\\n'));
    });
    svg.addEventListener('pointerleave', () => { tip.hidden = true; hair.removeAttribute('d'); });
  }
  if ('heat' in figure.dataset) {
    const table = figure.querySelector('table');
    const heads = [...table.tHead.rows[0].cells].slice(1).map((c) => c.textContent), rows = table.tBodies[0].rows;
    svg.addEventListener('pointermove', (event) => {
      const place = at(event);
      if (!inside(place)) { tip.hidden = true; return; }
      const column = Math.min(heads.length - 1, Math.max(0, Math.floor((place[0] - left) / (right - left) * heads.length)));
      const row = rows[Math.min(rows.length - 1, Math.max(0, Math.floor((place[1] - top) / (bottom - top) * rows.length)))];
      show(event, heads[column] + ', ' + row.cells[0].textContent + '\\n' + (row.cells[column + 1].textContent || 'nothing'));
    });
    svg.addEventListener('pointerleave', () => { tip.hidden = true; });
  }
  if ('zoom' in figure.dataset) {
    const plot = svg.querySelector('.plot'), ticks = [...svg.querySelectorAll('.xt,.mk')], selection = make(svg, 'rect', 'sel');
    for (const path of plot.querySelectorAll('path')) path.setAttribute('vector-effect', 'non-scaling-stroke');
    const apply = () => {
      plot.setAttribute('transform', 'translate(' + zoom[1] + ',0) scale(' + zoom[0] + ',1)');
      for (const tick of ticks) {
        const x = Number(tick.dataset.x), moved = x * zoom[0] + zoom[1];
        tick.setAttribute('transform', 'translate(' + (moved - x) + ',0)');
        tick.style.display = moved < left - 1 || moved > right + 1 ? 'none' : '';
      }
      button.hidden = zoom[0] === 1;
    };
    const button = document.createElement('button'); button.type = 'button'; button.className = 'unzoom'; button.textContent = 'Show all'; button.hidden = true;
    button.addEventListener('click', () => { zoom = [1, 0]; apply(); }); figure.append(button);
    let begun = null;
    svg.addEventListener('pointerdown', (event) => { const place = at(event); if (inside(place)) { begun = place[0]; svg.setPointerCapture(event.pointerId); event.preventDefault(); } });
    svg.addEventListener('pointermove', (event) => {
      if (begun === null) return;
      const x = Math.min(right, Math.max(left, at(event)[0]));
      for (const [name, value] of Object.entries({ x: Math.min(x, begun), y: top, width: Math.abs(x - begun), height: bottom - top })) selection.setAttribute(name, value);
    });
    svg.addEventListener('pointerup', (event) => {
      if (begun === null) return;
      const x = Math.min(right, Math.max(left, at(event)[0])), from = Math.min(x, begun), to = Math.max(x, begun);
      begun = null; selection.setAttribute('width', 0);
      if (to - from < 8) return;
      const a = (from - zoom[1]) / zoom[0], b = (to - zoom[1]) / zoom[0];
      const scale = Math.min(200, (right - left) / (b - a));
      zoom = [scale, left - a * scale]; apply();
    });
  }
}
})();`;
