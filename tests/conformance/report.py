# SPDX-License-Identifier: BSD-3-Clause
"""Tables of what passed, as text, as Markdown and as a page."""

import base64
import html

from case import LEVELS

GROUPS = {
    "ARP": "ARP and address conflict detection", "IP4": "IPv4 host", "ICMP4": "ICMPv4",
    "GW4": "IPv4 router", "UDP": "UDP", "TCP": "TCP", "IGMP": "IGMP host", "RIP": "RIP and RIPng",
    "IP6": "IPv6", "ICMP6": "ICMPv6", "NDP": "Neighbour discovery, autoconfiguration",
    "MLD": "MLD host",
}
SCORED = ("MUST", "SHOULD", "SPEC")


def group_of(result):
    return result["id"].split("-")[0]


def count(results, group, levels):
    """Passed and all, of these levels; None if there are none."""
    rows = [r for r in results if r["level"] in levels and group in (None, group_of(r))]
    return (sum(r["passed"] for r in rows), len(rows)) if rows else None


def table(found, devices):
    """Rows: group, and for each device the pairs of SCORED together and of each level."""
    groups = [g for g in GROUPS if any(group_of(r) == g for d in devices for r in found[d])]
    for group in [*groups, None]:
        yield group or "all", [[count(found[d], group, levels) for levels in
                                (SCORED, *((level,) for level in LEVELS))] for d in devices]


def pair(value):
    return f"{value[0]}/{value[1]}" if value else "-"


HEADS = ("scored", *LEVELS)


def text_table(found, devices):
    lines = []
    for n, device in enumerate(devices):
        lines.append(f"\n{device:8}" + "".join(f"{head:>10}" for head in HEADS))
        for group, cells in table(found, devices):
            lines.append(f"{group:8}" + "".join(f"{pair(c):>10}" for c in cells[n]))
    lines.append("\nscored: MUST, SHOULD and SPEC together")
    return "\n".join(lines)


def markdown(found, devices):
    lines = ["| group | " + " | ".join(f"{d}: scored | {d}: MAY, ROBUST" for d in devices) + " |",
             "|---|" + "---|---|" * len(devices)]
    for group, cells in table(found, devices):
        row = []
        for c in cells:
            rest = [x for x in (c[4], c[5]) if x]
            extra = (sum(x[0] for x in rest), sum(x[1] for x in rest)) if rest else None
            row += [pair(c[0]), pair(extra)]
        name = f"{group}: {GROUPS[group]}" if group in GROUPS else group
        lines.append(f"| {name} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em;
       color: #1b1f24; background: #fff }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .25em .7em; border-bottom: 1px solid #d8dee4; text-align: right;
         font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left }
thead th { border-bottom: 2px solid #57606a }
tr:last-child td { font-weight: 600 }
td.full { background: #dafbe1 } td.part { background: #fff8c5 } td.none { background: #ffebe9 }
th.device, td.first { border-left: 2px solid #57606a }
details { border-bottom: 1px solid #d8dee4; padding: .4em 0 } summary { cursor: pointer }
.level { display: inline-block; min-width: 4.5em; font-size: 85%; color: #57606a }
.kind { background: #ddf4ff; border-radius: 1em; padding: 0 .6em; font-size: 85% }
.new { background: #ffebe9 } pre { background: #f6f8fa; padding: .7em; overflow-x: auto }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 }
  td.full { background: #12361f } td.part { background: #3a3000 } td.none { background: #4a1517 }
  pre { background: #161b22 } .kind { background: #0c2d6b } .new { background: #67060c }
  a { color: #79c0ff } }
"""


def cell(value, first):
    shade = "" if not value else " full" if value[0] == value[1] else " part" if value[0] else \
        " none"
    return f'<td class="{"first" if first else ""}{shade}">{pair(value)}</td>'


def failure(r):
    """One failure: what was asked for, what came, the frames, and the capture to open elsewhere."""
    known = f'<span class="kind">{html.escape(r["known"][0])}</span> {html.escape(r["known"][1])}' \
        if r.get("known") else '<span class="kind new">not in the list of known failures</span>'
    link = ""
    if r.get("frames") and r["pcapng"].exists():
        data = base64.b64encode(r["pcapng"].read_bytes()).decode()
        link = f'<p><a download="{r["id"]}.pcapng" href="data:application/octet-stream;base64,' \
               f'{data}">{r["id"]}.pcapng</a> (&gt; tester, &lt; device)</p>'
    frames = html.escape("\n".join(r.get("frames") or ["no frame"]))
    return f"""<details><summary><b>{r["id"]}</b> <span class="level">{r["level"]}</span>
{html.escape(r["text"])}</summary><p>{html.escape(r["source"])}. {known}</p>
<pre>{html.escape(r["reason"])}</pre><pre>{frames}</pre>{link}</details>"""


def page(found, devices):
    """The whole report; it needs nothing beside it."""
    head = "".join(f'<th class="device" colspan="{len(HEADS)}">{d}</th>' for d in devices)
    heads = "".join(f'<th class="{"device" if n == 0 else ""}">{h}</th>'
                    for _ in devices for n, h in enumerate(HEADS))
    rows = "".join(
        f"<tr><td>{group}</td>" + "".join(cell(c, n == 0) for cells in all_cells
                                          for n, c in enumerate(cells)) + "</tr>"
        for group, all_cells in table(found, devices))
    body = []
    for d in devices:
        failed = [r for r in found[d] if not r["passed"]]
        body.append(f"<h2>{d}: {len(failed)} failures</h2>" + "".join(map(failure, failed)))
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Conformance of {", ".join(devices)}</title><style>{STYLE}</style>
<h1>Conformance</h1>
<p>Passed and tested requirements of each group. Scored are MUST, SHOULD and SPEC (what an RFC
describes without such a word); MAY and ROBUST (no requirement of an RFC) are counted apart.</p>
<table><thead><tr><th></th>{head}</tr><tr><th>group</th>{heads}</tr></thead>
<tbody>{rows}</tbody></table>
{"".join(body)}
</html>
"""
