/** The report's whole style sheet: light and dark by the reader's setting, and black on white in print. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d1d9e0; --paper: #fff; --shade: #f6f8fa;
  --pass: #1a7f37; --warn: #9a6700; --fail: #c62834; --error: #8250df; --skip: #59636e; --bar: #2f6feb;
  --line-0: #2f6feb; --line-1: #c2410c; --line-2: #1a7f37; --line-3: #8250df; --line-4: #b45309; --line-5: #0e7490; --line-6: #be185d; --line-7: #59636e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d; --paper: #0d1117;
  --shade: #151b23; --pass: #3fb950; --warn: #d29922; --fail: #f85149; --error: #ab7df8; --skip: #9198a1;
  --bar: #4493f8;
  --line-0: #4493f8; --line-1: #f0883e; --line-2: #3fb950; --line-3: #ab7df8; --line-4: #d29922; --line-5: #39c5cf; --line-6: #f778ba; --line-7: #9198a1 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 64rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; border-bottom: 1px solid var(--line) }
h3 { margin: 1.5rem 0 .4rem; font-size: 1rem } p { margin: .4rem 0 } ul { margin: .4rem 0; padding-left: 1.25rem }
.dim { color: var(--dim) }
.banner { margin: 1.25rem 0; padding: 1rem 1.25rem; border-left: .5rem solid; border-radius: .25rem; background: var(--shade) }
.banner strong { display: block; font-size: 1.75rem; line-height: 1.2 }
.pass { color: var(--pass) } .warn { color: var(--warn) } .fail { color: var(--fail) }
.error, .canceled, .timed_out { color: var(--error) } .skip { color: var(--skip) }
.banner p { color: var(--ink) }
.verdict { font-weight: 600; white-space: nowrap }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .5rem 1.5rem; margin: .5rem 0 }
dt { color: var(--dim); font-size: .85rem } dd { margin: 0; overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--dim); font-weight: 500 } td { overflow-wrap: break-word }
code { font: .85em ui-monospace, monospace; white-space: nowrap }
svg { display: block; max-width: 100%; height: auto } svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
svg .bar { fill: var(--bar) } svg .axis { stroke: var(--line) }
svg .line { fill: none; stroke-width: 1.5 } svg .band { fill: var(--shade); stroke: var(--line); stroke-width: .5 }
svg .band-1 { fill: none } svg .band-name { fill: var(--dim); font-size: 10px }
.key { display: inline-block; width: 1.5rem; border-top: 3px solid; vertical-align: middle }
svg .line-0 { stroke: var(--line-0) } .key-0 { border-top-color: var(--line-0) }
svg .line-1 { stroke: var(--line-1); stroke-dasharray: 6 3 } .key-1 { border-top-color: var(--line-1) }
svg .line-2 { stroke: var(--line-2); stroke-dasharray: 2 2 } .key-2 { border-top-color: var(--line-2) }
svg .line-3 { stroke: var(--line-3); stroke-dasharray: 8 3 2 3 } .key-3 { border-top-color: var(--line-3) }
svg .line-4 { stroke: var(--line-4); stroke-dasharray: 4 2 } .key-4 { border-top-color: var(--line-4) }
svg .line-5 { stroke: var(--line-5); stroke-dasharray: 1 3 } .key-5 { border-top-color: var(--line-5) }
svg .line-6 { stroke: var(--line-6); stroke-dasharray: 10 4 } .key-6 { border-top-color: var(--line-6) }
svg .line-7 { stroke: var(--line-7); stroke-dasharray: 3 6 } .key-7 { border-top-color: var(--line-7) }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line) }
@media print { :root { color-scheme: light; --ink: #000; --dim: #444; --line: #bbb; --paper: #fff; --shade: #fff;
    --pass: #1a7f37; --warn: #7d5200; --fail: #b00; --error: #5a32a3; --skip: #444; --bar: #555 }
  body { padding: 0; max-width: none; font-size: 10pt } .banner { border: 1px solid; border-left-width: .5rem }
  h2, h3 { break-after: avoid } tr, svg, .banner { break-inside: avoid } .scroll { overflow: visible } td, code { overflow-wrap: anywhere; white-space: normal } }
`;
