# SPDX-License-Identifier: BSD-3-Clause
"""Rates, in runs that take turns with what they are compared with."""
import statistics

from . import table
from .run import run, say


def spread(values):
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0


def speed(program, args):
    rows = []
    for scenario in args.scenario:
        for family in args.family:
            rows.append(pairs(program, scenario, family, args))
    return rows


def pairs(program, scenario, family, args):
    window = str((args.window or [32])[0])
    common = ["-s", str(args.seconds), "-w", window] + family
    commands = {"gannet": [program, scenario] + common,
                "linux": [program, f"linux-{scenario}"] + common,
                "raw": [program, "raw"] + common}
    samples = {who: [] for who in commands}
    for i in range(args.pairs):
        say(f"{scenario} {' '.join(family)}: run {i + 1} of {args.pairs}")
        for who, command in commands.items():
            samples[who].append(run(command)["per_second"])
    row = {"scenario": scenario, "options": " ".join(["-w", window] + family)}
    for who, values in samples.items():
        row[who] = statistics.median(values)
        row[who + "_spread"] = spread(values)
        row["to_" + who] = statistics.median(
            g / other if other else 0 for g, other in zip(samples["gannet"], values))
    return row


def show(rows, args):
    make = table.markdown if args.markdown else table.text
    print(make(["transactions a second", "gannet", "spread", "Linux", "spread", "raw cable",
                "times Linux", "of raw"],
               [[f"{r['scenario']} {r['options']}", f"{r['gannet']:,.0f}",
                 f"{r['gannet_spread']:.0%}", f"{r['linux']:,.0f}", f"{r['linux_spread']:.0%}",
                 f"{r['raw']:,.0f}", f"{r['to_linux']:.1f}", f"{r['to_raw']:.0%}"]
                for r in rows]))
