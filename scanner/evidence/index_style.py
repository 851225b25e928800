"""The style of the page that a reader of a bundle opens first."""

STYLE = (
    ":root{color-scheme:light dark;--bg:#f6f5f1;--ink:#191d22;--soft:#59616b;--line:#dedbd3;--link:#0a58b5;--bad:#bd2a20}"
    "@media(prefers-color-scheme:dark){:root{--bg:#121517;--ink:#e9e7e2;--soft:#a4acb5;--line:#30363b;--link:#86b7f7;--bad:#ff8d80}}"
    '*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",'
    "Roboto,sans-serif;font-variant-numeric:tabular-nums}main{max-width:76rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}"
    "h1{font-size:clamp(1.7rem,1.2rem + 2.4vw,2.8rem);line-height:1.1;letter-spacing:-.02em;margin:0}"
    "h2{font-size:1.3rem;margin:2.4rem 0 .6rem}p{margin:.5rem 0}.eyebrow{color:var(--soft);font-weight:600;font-size:.9rem}"
    ".lead{font-size:1.15rem;max-width:60ch;margin:1rem 0 1.5rem}strong{color:var(--bad)}.text{max-width:75ch}a{color:var(--link)}"
    ":focus-visible{outline:3px solid var(--link);outline-offset:2px}"
    "dl{margin:0}.about div{display:grid;grid-template-columns:12rem minmax(0,1fr);gap:0 1rem;padding:.35rem 0;border-top:1px solid var(--line)}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}code{font:.84rem/1.5 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.94rem}caption{text-align:left;color:var(--soft);padding:0 0 .4rem}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0;border-top:1px solid var(--line)}tbody th{font-weight:500}"
    "thead th{border-top:0;color:var(--soft);font-size:.85rem}td{min-width:3.5rem}td code{display:inline-block;min-width:16rem}"
    ".one{white-space:nowrap}.long{min-width:15rem}"
    "@media(max-width:44rem){main{padding-top:1.5rem}.about div{grid-template-columns:1fr}}"
    "@media print{:root{--bg:#fff}.wide{overflow:visible}tr{break-inside:avoid}}"
)
