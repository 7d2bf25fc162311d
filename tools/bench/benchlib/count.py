# SPDX-License-Identifier: BSD-3-Clause
"""Instructions per transaction, counted by callgrind: client and server run on one thread in
virtual time, so the counts repeat to the digit on one machine and build."""
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from . import table
from .run import run, say

# Whose a source file is; the first match counts.
LAYERS = [
    ("application", re.compile(r"tools/bench/app|/apps/|http_parser")),
    ("driver", re.compile(r"tools/bench/")),
    ("lwip", re.compile(r"liblwip")),
    ("tcp", re.compile(r"lib/tcp/")),
    ("udp", re.compile(r"lib/udp/")),
    ("net", re.compile(r"lib/(net|wire)/")),
    ("flow", re.compile(r"lib/flow/")),
    ("sock", re.compile(r"lib/sock/")),
    ("core", re.compile(r"lib/(core|base)/")),
]
NOT_OURS = ("driver", "application")
PHASES = ("client", "server", "client_all", "server_all")

# What issue 3 asks for: which side's figure, whether ours or all of it, and at most how much.
MARKS = {
    "udp-echo": [("client", "ours", 180), ("server", "ours", 180)],
    "tcp-rr": [("client", "ours", 600), ("server", "ours", 600)],
    "tcp-crr": [("server", "ours", 5000)],
    "tcp-stream": [("client", "ours", 350), ("server", "ours", 300)],
    "httpd": [("server", "all", 2000)],
}
WINDOWS = {"tcp-stream": ["1", "32"], "tcp-crr": ["1", "32"], "httpd": ["1", "32"]}
OFFLOADS = {"tcp-stream": ["none", "checksum", "tso"], "httpd": ["none"]}
LWIP = ("udp-echo", "tcp-rr", "tcp-crr", "tcp-stream")
IDLE_LIMIT = 1.05


def layer_of(path):
    for name, pattern in LAYERS:
        if pattern.search(path):
            return name
    return "library"


class Costs:
    """Of one dump of callgrind: a cost belongs to the file last named, and to its function. What is
    inlined from a header of the system (DPDK's buffers, intrinsics) is its function's own."""

    def __init__(self, path):
        self.layers, self.functions = {}, {}
        files, names, objects = {}, {}, {}
        layer, own, obj, function, called = "library", "library", "", "", False
        for line in open(path, encoding="utf-8", errors="replace"):
            found = re.match(r"(fl|fi|fe|cfi|cfl|fn|cfn|ob|cob)=\((\d+)\)(?: (.*))?", line)
            if found:
                kind, number, text = found.groups()
                known = {"fn": names, "cfn": names, "ob": objects, "cob": objects}.get(kind, files)
                if text:
                    known[number] = text.strip()
                if kind == "ob":
                    obj = known.get(number, "")
                elif kind == "fn":
                    function = known.get(number, "")
                elif kind in ("fl", "fi", "fe"):
                    layer = layer_of(known.get(number, ""))
                    if kind == "fl":
                        own = layer
                    elif layer == "library":
                        layer = own
            elif line.startswith("calls="):
                called = True  # the next line is what the callee cost
            elif re.match(r"[+\-*\d]", line):
                if not called:
                    cost = int(line.split()[1])
                    whose = layer_of(obj) if layer == "library" else layer
                    self.layers[whose] = self.layers.get(whose, 0) + cost
                    key = (function, whose)
                    self.functions[key] = self.functions.get(key, 0) + cost
                called = False


def callgrind(program, arguments):
    """The costs of each phase, with its number of transactions."""
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "out")
        done = run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
                    "--instr-atstart=no", "--collect-atstart=no", program] + arguments)
        phases = [Costs(f"{out}.{i + 1}") for i in range(len(PHASES))]
    return done, dict(zip(PHASES, zip(phases, done["phases"])))


def count_row(program, case, args):
    scenario, options = case
    done, phases = callgrind(program, [scenario, "--count", str(args.count)] + options)
    row = {"scenario": scenario, "options": " ".join(options), "idle": done["idle"],
           "handoffs": done["handoffs"], "cores": done["cores"]}
    for side in ("client", "server"):
        costs, n = phases[side]
        every, n_every = phases[side + "_all"]
        layers = {layer: cost / n for layer, cost in costs.layers.items()}
        total = sum(every.layers.values()) / n_every
        layers["driver"] = layers.get("driver", 0) + total - sum(layers.values())
        row[side] = {layer: round(cost, 1) for layer, cost in sorted(layers.items())}
        row[side + "_ours"] = round(sum(c for l, c in layers.items() if l not in NOT_OURS), 1)
        row[side + "_all"] = round(total, 1)
        if args.functions:
            top = sorted(costs.functions.items(), key=lambda item: -item[1])[:args.functions]
            row[side + "_functions"] = [(name, layer, round(cost / n, 1))
                                        for (name, layer), cost in top]
    return row


def cases(args):
    """What to count: scenario and options of gannet-bench."""
    out = []
    for scenario in args.scenario:
        if scenario == "idle":
            wanted = args.idle or args.connections or [1000, 1000000]
            out += [("tcp-rr", ["-w", "32", "-i", str(n)]) for n in wanted]
            continue
        for cores in args.cores:
            for family in args.family:
                for offload in args.offload or OFFLOADS.get(scenario, ["checksum"]):
                    for window in args.window or WINDOWS.get(scenario, ["1", "32"]):
                        out.append((scenario, ["-w", str(window), "-o", offload] + family +
                                    (["-n", str(cores)] if cores > 1 else [])))
        if scenario in LWIP and not (args.window or args.offload):
            out += [(scenario, ["-w", "32", "-o", "none"]), (f"lwip-{scenario}", ["-w", "32"])]
        if scenario == "tcp-crr" and not args.window:
            out.append((scenario, ["-w", "32", "-o", "checksum", "--server-closes"]))
        if scenario == "tcp-rr" and args.idle:
            out += [("tcp-rr", ["-w", "32", "-i", str(n)]) for n in args.idle]
    return out


def instructions(program, args):
    def one(case):
        row = count_row(program, case, args)
        say(f"counted {case[0]} {' '.join(case[1])}")
        return row

    todo = cases(args)
    say(f"counting {len(todo)} cases, {args.jobs} at once")
    with ThreadPoolExecutor(args.jobs) as pool:
        return list(pool.map(one, todo))


def verdicts(rows):
    """(what, mark, figure, verdict) of each row that a mark is for."""
    out = []
    for row in rows:
        if row["idle"] or row["scenario"] not in MARKS or "-o none" in row["options"] and \
                row["scenario"] not in OFFLOADS:
            continue
        for side, what, most in MARKS[row["scenario"]]:
            figure = row[f"{side}_{what}"]
            out.append((f"{row['scenario']} {row['options']}: {what}, {side}", most,
                        f"{figure:.0f}", "met" if figure <= most else
                        f"MISSED by {100 * (figure / most - 1):.0f} %"))
    out += idle_verdicts(rows)
    out += core_verdicts(rows)
    out += lwip_verdicts(rows)
    return out


def idle_verdicts(rows):
    idle = sorted((row for row in rows if row["idle"]), key=lambda row: row["idle"])
    out = []
    for row in idle[1:]:
        ratio = row["server_ours"] / idle[0]["server_ours"]
        out.append((f"tcp-rr beside {row['idle']:,} to beside {idle[0]['idle']:,} connections, "
                    "server", IDLE_LIMIT, f"{ratio:.4f}", "met" if ratio <= IDLE_LIMIT else "MISSED"))
    return out


def core_verdicts(rows):
    """Two cores do twice the work for the instructions of one each: their ratio is 2 x one / two."""
    out = []
    alone = {(r["scenario"], r["options"]): r for r in rows if r["cores"] == 1}
    for row in rows:
        one = alone.get((row["scenario"], row["options"].replace(" -n 2", "")))
        if row["cores"] == 1 or one is None:
            continue
        ratio = 2 * one["server_all"] / row["server_all"]
        out.append((f"{row['scenario']} {row['options']}: 2 cores to 1, server, "
                    f"{row['handoffs']} hand-offs", 1.9, f"{ratio:.2f}",
                    "met" if ratio >= 1.9 else "MISSED"))
    return out


def lwip_verdicts(rows):
    """Of two servers on the same frames, both with checksums in software."""
    ours = {r["scenario"]: r for r in rows if r["options"] == "-w 32 -o none"}
    return [(f"{r['scenario']} -w 32: all on the server's core, lwIP to ours", "",
             f"{r['server_all'] / ours[r['scenario'][5:]]['server_all']:.1f}", "")
            for r in rows if r["scenario"].startswith("lwip-") and r["scenario"][5:] in ours]


def show(rows, args):
    make = table.markdown if args.markdown else table.text
    layers = ["tcp", "udp", "net", "flow", "sock", "core", "lwip", "library", "driver", "application"]
    lines = []
    for row in rows:
        for side in ("client", "server"):
            lines.append([f"{row['scenario']} {row['options']}", side, row[side + "_ours"]] +
                         [row[side].get(layer, 0) for layer in layers] + [row[side + "_all"]])
    print(make(["instructions per transaction", "side", "ours"] + layers + ["all"], lines))
    print()
    print(make(["mark", "at most", "is", ""], verdicts(rows)))
    for row in rows:
        for side in ("client", "server"):
            if side + "_functions" in row:
                print(f"\n{row['scenario']} {row['options']}, {side}, without what it calls:")
                print(make(["function", "layer of the code in it", "instructions"],
                           row[side + "_functions"]))
    sys.stdout.flush()
