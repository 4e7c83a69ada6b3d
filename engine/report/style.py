"""How a report looks, by day and by night: the one style sheet that stands in it."""

STYLE = """
:root{color-scheme:light dark;--ground:#fbfbf9;--ink:#1d2021;--faint:#6b7072;--line:#dcdcd6;
--card:#fff;--low:#eef1f4;--c0:#2f6f9f;--c1:#c8643c;--c2:#4c8a4e;--c3:#8a5aa3;--c4:#b08a1e;
--c5:#3c8f92;--c6:#b5496b;--c7:#6f7d2c}
@media (prefers-color-scheme:dark){:root{--ground:#17191b;--ink:#e6e6e1;--faint:#9aa0a3;
--line:#34383b;--card:#1f2224;--low:#26292c;--c0:#6cb2e3;--c1:#ee936b;--c2:#82c385;--c3:#c294da;
--c4:#e0bb58;--c5:#74c8cb;--c6:#ec86a5;--c7:#b3c266}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
header p,.note,figcaption,dt{color:var(--faint)}header p,.note{margin:.2rem 0 .8rem}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:1rem 0}a{color:var(--c0)}
dl{display:flex;flex-wrap:wrap;gap:.6rem;margin:.8rem 0}
dl div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.5rem .9rem}
dt{font-size:.8rem}dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}
th,td{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);
vertical-align:top;overflow-wrap:anywhere}
.number{text-align:right;font-variant-numeric:tabular-nums}
svg{display:block;max-width:100%;height:auto}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}
svg .faint{fill:var(--faint)}svg .axis{stroke:var(--line);fill:none}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.7rem}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;
overflow:hidden}
figure img,.missing{width:100%;height:8rem;object-fit:contain;display:block;
background:var(--low)}
.missing{display:grid;place-items:center;color:var(--faint);font-size:.8rem}
figcaption{padding:.35rem .5rem;font-size:.78rem;overflow-wrap:anywhere}
figcaption b{color:var(--ink)}figure.kept{outline:2px solid var(--c2)}
details{margin:.6rem 0}summary{cursor:pointer}
.group{margin:1rem 0;padding:.6rem;border:1px solid var(--line);border-radius:8px}
.group h3{font-size:.95rem;margin:0 0 .5rem}
@media print{nav{display:none}section{break-inside:avoid-page}}
"""
COLOURS = 8
"""How many colours groups have, ``--c0`` to ``--c7``."""


def colour(group: int | None) -> str:
    """The colour of a group; of none, that of what is in no group."""
    return "var(--faint)" if group is None else f"var(--c{group % COLOURS})"
