# SPDX-License-Identifier: BSD-3-Clause
"""Tables for people: text, or Markdown for docs/performance.md."""


def text(header, lines):
    widths = [max(len(str(line[i])) for line in [header] + lines) for i in range(len(header))]
    out = []
    for number, line in enumerate([header] + lines):
        out.append("  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w)
                             for i, (cell, w) in enumerate(zip(line, widths))).rstrip())
        if number == 0:
            out.append("  ".join("-" * w for w in widths))
    return "\n".join(out)


def markdown(header, lines):
    rows = [header, ["---"] * len(header)] + lines
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
