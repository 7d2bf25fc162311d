# SPDX-License-Identifier: BSD-3-Clause
"""Rates and latencies, in runs that take turns with what they are compared with."""
import resource
import statistics

from . import table
from .run import run, say

# Who else can do a scenario, and what it does of it.
LWIP = ("udp-echo", "tcp-rr", "tcp-crr", "tcp-stream")
WINDOWS = {"tcp-stream": ["1", "32"]}
OFFLOADS = {"tcp-stream": ["checksum", "tso"], "httpd": ["none"]}
IDLE = [1000, 1000000]
IDLE_LINUX = 25000  # of the program
IDLE_LIMIT = 1.3
LOADS = [0.1, 0.3, 0.5, 0.7, 0.9]
LATENCY_CONNECTIONS = 128


def spread(values):
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0


def ratio(samples, others):
    return statistics.median(a / b if b else 0 for a, b in zip(samples, others))


def speed(program, args):
    rows = []
    for scenario in args.scenario:
        if scenario == "idle":
            rows += idle(program, args)
        elif scenario == "latency":
            rows += [row for family in args.family for row in latency(program, family, args)]
        else:
            rows += [pairs(program, scenario, options, args)
                     for options in variants(scenario, args)]
    return rows


def variants(scenario, args):
    for family in args.family:
        for offload in args.offload or OFFLOADS.get(scenario, ["checksum"]):
            for window in args.window or WINDOWS.get(scenario, ["32"]):
                for cores in args.cores:
                    yield ["-w", str(window), "-o", offload] + family + (
                        ["-n", str(cores)] if cores > 1 else [])


def rivals(program, scenario, options):
    """Who takes part: name and command. A side of Linux or lwIP is always one thread."""
    alone = [o for i, o in enumerate(options) if "-n" not in (o, options[i - 1])]
    out = {"gannet": [program, scenario] + options, "linux": [program, f"linux-{scenario}"] + alone}
    if scenario in LWIP and "tso" not in options:
        out["lwip"] = [program, f"lwip-{scenario}"] + alone
    size = ["-b", "1400"] if scenario == "tcp-stream" else []
    out["raw"] = [program, "raw", "-w", "32"] + size
    return out


def take_turns(commands, args, what):
    samples = {who: [] for who in commands}
    for i in range(args.pairs):
        say(f"{what}: run {i + 1} of {args.pairs}")
        for who, command in commands.items():
            samples[who].append(run(command + ["-s", str(args.seconds)]))
    return samples


def pairs(program, scenario, options, args):
    name = f"{scenario} {' '.join(options)}"
    samples = take_turns(rivals(program, scenario, options), args, name)
    row = {"kind": "rate", "scenario": scenario, "options": " ".join(options)}
    ours = [s["per_second"] for s in samples["gannet"]]
    for who, runs in samples.items():
        values = [s["per_second"] for s in runs]
        row[who] = statistics.median(values)
        row[who + "_spread"] = spread(values)
        row["to_" + who] = ratio(ours, values)
        if "bytes_per_second" in runs[0]:
            row[who + "_bytes"] = statistics.median(s["bytes_per_second"] for s in runs)
    return row


def idle(program, args):
    numbers = args.connections or IDLE
    commands = {}
    for n in numbers:
        commands[n, "beside"] = [program, "tcp-rr", "-i", str(n)]
        commands[n, "spread"] = [program, "tcp-rr", "-i", str(n), "--spread"]
    if args.linux:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        most = min(IDLE_LINUX, (files - 1100) // 2)
        for n in sorted({min(n, most) for n in numbers}):
            commands[n, "linux"] = [program, "linux-tcp-rr", "-i", str(n)]
    samples = take_turns(commands, args, "idle")
    rows = []
    for (n, how), runs in samples.items():
        values = [s["per_second"] for s in runs]
        first = next(s for (_, other), s in samples.items() if other == how)
        base = next(number for number, other in samples if other == how)
        row = {"kind": "idle", "connections": n, "how": how, "rate": statistics.median(values),
               "spread": spread(values), "base": base,
               "time_ratio": ratio([s["per_second"] for s in first], values)}
        if how != "linux":
            row["rss"] = max(s["rss_bytes"] for s in runs)
            row["setup"] = statistics.median(s["setup_seconds"] for s in runs)
            base_rss = max(s["rss_bytes"] for s in first)
            row["per_end"] = (row["rss"] - base_rss) / (2 * (n - base)) if n > base else None
        rows.append(row)
    return rows


def latency(program, family, args):
    rows = []
    size = ["-w", str(LATENCY_CONNECTIONS)] + family
    for who, prefix in [("gannet", "")] + ([("linux", "linux-")] if args.linux else []):
        full = statistics.median(
            run([program, f"{prefix}tcp-rr", "-w", "32", "-s", str(args.seconds)] + family)
            ["per_second"] for _ in range(args.pairs))
        for share in LOADS:
            say(f"latency {' '.join(family)}: {who} at {share:.0%} of {full:,.0f}/s")
            runs = [run([program, f"{prefix}latency", "-r", str(share * full), "-s",
                         str(args.seconds)] + size) for _ in range(args.pairs)]
            row = {"kind": "latency", "who": who, "options": " ".join(family), "full": full,
                   "load": share, "rate": share * full,
                   "served": statistics.median(r["per_second"] for r in runs)}
            for p in ("p50_us", "p99_us", "p999_us"):
                row[p] = statistics.median(r[p] for r in runs)
            rows.append(row)
    return rows


def cell(row, who):
    if who not in row:
        return ["", ""]
    return [f"{row[who]:,.0f}", f"{row[who + '_spread']:.0%}"]


def show_rates(rows, make):
    print(make(["transactions a second", "Gannet", "spread", "Linux", "spread", "lwIP", "spread",
                "raw cable", "spread", "times Linux", "times lwIP", "of raw"],
               [[f"{r['scenario']} {r['options']}"] + cell(r, "gannet") + cell(r, "linux") +
                cell(r, "lwip") + cell(r, "raw") +
                [f"{r['to_linux']:.1f}", f"{r['to_lwip']:.1f}" if "to_lwip" in r else "",
                 f"{r['to_raw']:.0%}"] for r in rows]))
    streams = [r for r in rows if "gannet_bytes" in r]
    if streams:
        print("\nBytes of payload a second; a transaction above is a segment.\n")
        print(make(["", "Gannet, GB/s", "Linux", "lwIP"],
                   [[f"{r['scenario']} {r['options']}"] +
                    [f"{r[who + '_bytes'] / 1e9:.2f}" if who + "_bytes" in r else ""
                     for who in ("gannet", "linux", "lwip")] for r in streams]))


def show_idle(rows, make):
    what = {"beside": "Gannet, 32 busy beside them", "spread": "Gannet, all in turn",
            "linux": "Linux, 32 busy beside them"}
    print(make(["idle connections", "", "requests a second", "spread", "time to the first",
                "resident, MB", "bytes an end", "set up, s"],
               [[f"{r['connections']:,}", what[r["how"]], f"{r['rate']:,.0f}",
                 f"{r['spread']:.0%}", f"{r['time_ratio']:.2f}",
                 f"{r['rss'] / 1e6:,.0f}" if "rss" in r else "",
                 f"{r['per_end']:.0f}" if r.get("per_end") else "",
                 f"{r['setup']:.1f}" if "setup" in r else ""] for r in rows]))
    for r in rows:
        if r["how"] == "beside" and r["connections"] > r["base"]:
            verdict = "met" if r["time_ratio"] <= IDLE_LIMIT else "MISSED"
            print(f"\nA request beside {r['connections']:,} connections takes {r['time_ratio']:.2f} "
                  f"times what it takes beside {r['base']:,}; at most {IDLE_LIMIT}: {verdict}")


def show_latency(rows, make):
    print(make(["latency, us", "of its tcp-rr rate", "asked/s", "served/s", "p50", "p99", "p99.9"],
               [[f"{r['who']} {r['options']}".strip(), f"{r['load']:.0%}", f"{r['rate']:,.0f}",
                 f"{r['served']:,.0f}", f"{r['p50_us']:.1f}", f"{r['p99_us']:.1f}",
                 f"{r['p999_us']:.1f}"] for r in rows]))


def show(rows, args):
    make = table.markdown if args.markdown else table.text
    for kind, how in (("rate", show_rates), ("idle", show_idle), ("latency", show_latency)):
        mine = [r for r in rows if r["kind"] == kind]
        if mine:
            how(mine, make)
            print()
