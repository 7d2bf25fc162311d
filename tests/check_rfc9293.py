#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are docs/rfc9293.md and docs/rfc-tcp.md whole and true? Of the first: one row for each number of RFC 9293, a test for each requirement
that is said to be met, and each test that is named exists. Deviations are in docs/limits.md by their
number. Of the second, which has rules of other RFCs: each has a test, or a reason, and the tests exist.
Prints what is wrong as FILE:LINE: what; exit status 1 then."""
import re
import sys
from pathlib import Path

COUNT = {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}
DOC = "docs/rfc9293.md"
RULES = "docs/rfc-tcp.md"
LIMITS = "docs/limits.md"
# TALK, TALK4 and TALK6 add _ip4 and _ip6 to the name.
C_TEST = re.compile(r"^\s*(?:TALK[46]?|Test)\(\s*(\w+)\s*,\s*(\w+)", re.M)
RULE = re.compile(r"^\|\s*\d+( \w+)?\s*\|")
ROW = re.compile(r"^\|\s*([A-Z]+)-(\d+)\s*\|")
STATUS = re.compile(r"(met|deviates|not applicable)\b(.*)")
NUMBER = re.compile(r"\b(?:MUST|SHLD)-\d+\b")


def tests_of(root):
    """suite/test of all C tests, and interop/test of the pytest ones."""
    names = set()
    for f in sorted((root / "tests").rglob("*.c")):
        names.update("/".join(m) for m in C_TEST.findall(f.read_text()))
    for f in sorted((root / "tests" / "interop").glob("test_*.py")):
        names.update("interop/" + m for m in re.findall(r"^def (test_\w+)", f.read_text(), re.M))
    return names


def row_check(kind, number, cells, tests, limits):
    """What is wrong with one row, as texts."""
    if len(cells) != 5:
        return [f"{len(cells)} columns, wanted 5"]
    _, asks, section, does, proof = cells
    named = re.findall(r"`([^`]+)`", proof)
    wrong = [f"no such test: {t}" for t in named if t not in tests]
    if not asks or not does:
        wrong.append("says nothing")
    if not re.fullmatch(r"\d+(\.\d+)*", section):
        wrong.append(f"no section: '{section}'")
    if kind not in ("MUST", "SHLD"):
        return wrong
    status = STATUS.match(does)
    if status is None:
        return wrong + ["is neither 'met', 'deviates' nor 'not applicable'"]
    if status[1] == "met" and not named:
        wrong.append("is said to be met, and no test is named")
    if status[1] != "met" and not status[2].strip(" :"):
        wrong.append(f"'{status[1]}' without a reason")
    if status[1] == "deviates" and f"{kind}-{number}" not in limits:
        wrong.append(f"deviates, and {LIMITS} does not name it")
    return wrong


def rules_check(root, tests):
    """What is wrong with the rules of other RFCs, as (line, text)."""
    errors = []
    for n, line in enumerate((root / RULES).read_text().splitlines(), 1):
        if not RULE.match(line):
            continue
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) != 5:
            errors.append((n, f"{len(cells)} columns, wanted 5"))
            continue
        named = re.findall(r"`([^`]+)`", cells[4])
        errors += [(n, f"no such test: {t}") for t in named if t not in tests]
        if cells[3].startswith("met") and not named:
            errors.append((n, "is said to be met, and no test is named"))
    return errors


def main(root):
    errors = []
    seen = {}
    tests = tests_of(root)
    limits = set(NUMBER.findall((root / LIMITS).read_text()))
    last = 0
    for last, line in enumerate((root / DOC).read_text().splitlines(), 1):
        m = ROW.match(line)
        if m is None:
            continue
        key = (m[1], int(m[2]))
        what = f"{m[1]}-{m[2]}"
        if key in seen:
            errors.append((last, f"{what} has a row already, in line {seen[key]}"))
        if not 1 <= key[1] <= COUNT.get(m[1], 0):
            errors.append((last, f"RFC 9293 has no {what}"))
        seen.setdefault(key, last)
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        errors += [(last, f"{what}: {e}") for e in row_check(*key, cells, tests, limits)]
    for kind, count in COUNT.items():
        errors += [(last, f"{kind}-{n} has no row") for n in range(1, count + 1)
                   if (kind, n) not in seen]
    rules = rules_check(root, tests)
    for doc, found in ((DOC, errors), (RULES, rules)):
        for line, text in found:
            print(f"{doc}:{line}: {text}", file=sys.stderr)
    return 1 if errors or rules else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)))
