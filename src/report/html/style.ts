/** How a page looks: light, dark and on paper. Every colour is a name here; text has a contrast of 4.5 or more, lines of 3. */

const LIGHT = `--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d0d7de;--tint:#f6f8fa;--link:#0550ae;
--good:#116329;--bad:#a40e26;--warn:#7d4e00;--band:#57606a;
--s0:#0550ae;--s1:#b35900;--s2:#116329;--s3:#8250df;--s4:#a40e26;--s5:#0a6c74;--s6:#6e5600;--s7:#424a53;
--h0:#eaf3fb;--h1:#cfe3f5;--h2:#a9cdec;--h3:#7cb2e0;--h4:#2f74b5;--h5:#1f5a98;--h6:#12427a;--h7:#0a2c56;--hlo:#1b1f24;--hhi:#fff`;

const DARK = `--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--rule:#30363d;--tint:#161b22;--link:#79b8ff;
--good:#56d364;--bad:#ff8f88;--warn:#e3b341;--band:#9da7b3;
--s0:#79b8ff;--s1:#ffab70;--s2:#56d364;--s3:#d2a8ff;--s4:#ff8f88;--s5:#56d4dd;--s6:#e3b341;--s7:#c9d1d9;
--h0:#10243a;--h1:#14365a;--h2:#184a7c;--h3:#1f5f9f;--h4:#6cb2ee;--h5:#93c9f5;--h6:#bcdffb;--h7:#e4f3ff;--hlo:#e6edf3;--hhi:#0d1117`;

const LAYOUT = `
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}
header,main,footer{max-width:62rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}footer{padding-bottom:2rem;color:var(--soft);font-size:.875rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.5rem 0 .5rem}
h1,h2,h3,p,li,dd,figcaption,summary{overflow-wrap:anywhere}p,ul,dl{margin:.5rem 0}a{color:var(--link)}
.sub{color:var(--soft);margin:0 0 1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;font-size:.9rem}
.verdict{border-left:.3rem solid var(--link);background:var(--tint);padding:.75rem 1rem;margin:1rem 0;font-size:1.1rem}
.verdict.bad{border-color:var(--bad)}.verdict.warn{border-color:var(--warn)}.verdict.good{border-color:var(--good)}
.verdict p{margin:.25rem 0}
.bad>b:first-child,.tb{color:var(--bad)}.warn>b:first-child,.tw{color:var(--warn)}.tg{color:var(--good)}.tu{color:var(--soft)}.best{font-weight:700;color:var(--good)}
.notes{padding-left:1.25rem}.notes li{margin:.3rem 0}
dl.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1rem}dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;min-width:0}
.scroll{overflow-x:auto;max-width:100%}.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;margin:.5rem 0}
caption{text-align:left;color:var(--soft);padding:.25rem 0;font-size:.875rem}
th,td{padding:.3rem .7rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
thead th{vertical-align:bottom;border-bottom:2px solid var(--rule)}
th{font-weight:600}tbody th{font-weight:400}.n{text-align:right;white-space:nowrap}
.legendline{color:var(--soft);font-size:.875rem;margin:.2rem 0}
code{font-family:ui-monospace,monospace;font-size:.9em}pre{overflow-x:auto;background:var(--tint);padding:.75rem;font-size:.85rem}
figure{margin:1.25rem 0;position:relative}figcaption{font-weight:600}
figure p.remark{color:var(--soft);font-size:.875rem}
details{font-size:.9rem;margin:.5rem 0}summary{cursor:pointer;color:var(--link)}
.tag{color:var(--soft)}`;

const CHARTS = `
svg.chart{display:block;width:100%;min-width:34rem;height:auto;font:12px system-ui,sans-serif}
svg text{fill:var(--soft)}svg .an{fill:var(--ink);font-weight:600}svg .v,svg .kn{fill:var(--ink)}
svg .g{stroke:var(--rule);stroke-width:1}svg .a{stroke:var(--soft);fill:none}
svg .l{fill:none;stroke-width:2;stroke-linejoin:round}svg .hid{stroke:none}
svg .m{stroke-width:1.6}svg .w{fill:none;stroke-width:1.5}svg .b{opacity:.2}
svg .k{stroke:var(--ink);stroke-dasharray:2 3;fill:none}svg .kb{fill:var(--band);opacity:.16}
svg .bar{fill:var(--s0);opacity:.85}svg .bar+.w,svg g>.w{stroke:var(--ink)}svg .frame{fill:none;stroke:var(--rule)}
svg .good .m{fill:var(--good);stroke:var(--good)}svg .bad .m{fill:var(--bad);stroke:var(--bad)}svg .unclear .m{fill:var(--soft);stroke:var(--soft)}
svg .on{fill:var(--paper);font-weight:600}svg .lo{fill:var(--hlo)}svg .hi{fill:var(--hhi)}
svg .hair{stroke:var(--ink);stroke-width:1;opacity:.6}svg .sel{fill:var(--link);opacity:.15}
.legend{display:flex;flex-wrap:wrap;align-items:center;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.25rem 0;font-size:.875rem}
.legend li{display:flex;align-items:center;gap:.4rem;min-width:0}
.swatch{flex:none;overflow:visible}
.tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--paper);font-size:.8rem;line-height:1.35;padding:.3rem .5rem;border-radius:.25rem;max-width:18rem;z-index:1;white-space:pre-line}
.unzoom{position:absolute;right:0;top:0;font:inherit;font-size:.8rem}`;

const DASHES = ['', '7 3', '2 2', '9 3 2 3', '4 4', '12 3', '1 3', '6 2 1 2 1 2'];

/** One a line: colour, dashes, and the same for what belongs to it. */
function seriesRules(): string {
  return DASHES.map(
    (dash, at) =>
      `svg .s${at} .l,svg.s${at} .l{stroke:var(--s${at})${dash === '' ? '' : `;stroke-dasharray:${dash}`}}svg .s${at} .m,svg.s${at} .m{stroke:var(--s${at});fill:${at > 5 ? 'none' : `var(--s${at})`}}svg .s${at} .b{fill:var(--s${at})}svg .s${at} .w{stroke:var(--s${at})}svg .f${at}{fill:var(--s${at});stroke:var(--paper)}`,
  ).join('\n');
}

function heatRules(): string {
  return Array.from({ length: 8 }, (_, at) => `svg .h${at}{fill:var(--h${at})}`).join('');
}

const PRINT = `@media print{
nav,.unzoom,.tip{display:none}body{font-size:10.5pt}header,main,footer{max-width:none}
figure,tr,.verdict{break-inside:avoid}h2,h3{break-after:avoid}svg.chart{min-width:0}.scroll{overflow:visible}
table{font-size:8.5pt}th,td{padding:.15rem .4rem}a{color:inherit;text-decoration:none}
svg .bar,svg [class^=h],svg [class^=f],.verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;

/** The whole style sheet of a page. */
export const STYLE = `:root{color-scheme:light dark;${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
${LAYOUT}${CHARTS}
${seriesRules()}
${heatRules()}
@media (max-width:40rem){body{font-size:15px}h1{font-size:1.35rem}dl.facts{grid-template-columns:minmax(0,1fr);gap:0}dl.facts dd{margin-bottom:.5rem}figure .n{white-space:normal}}
${PRINT}`;
