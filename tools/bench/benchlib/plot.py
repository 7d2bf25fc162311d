# SPDX-License-Identifier: BSD-3-Clause
"""bench plot: throughput, congestion window and round-trip time of bulk flows over a bottleneck in
virtual time, as CSV and as a picture for people to look at."""
import argparse
import csv
import itertools
import json
import os
import re
import subprocess
import sys

from . import run, table

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#f0e442"]
PANELS = [("throughput_bps", 1e-6, "goodput, Mb/s"), ("cwnd", 1e-3, "cwnd, kB"),
          ("srtt_us", 1e-3, "smoothed RTT, ms")]


def scaled(text, units, what):
    found = re.fullmatch(r"([0-9.]+)\s*([a-zA-Z%]*)", text)
    if not found or found.group(2).lower() not in units:
        raise argparse.ArgumentTypeError(
            f"{text}: {what} is a number and one of {', '.join(u or 'nothing' for u in units)}")
    return float(found.group(1)) * units[found.group(2).lower()]


def rate(text):
    return scaled(text, {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}, "a rate in bit/s")


def microseconds(text):
    return scaled(text, {"us": 1, "ms": 1e3, "s": 1e6}, "a time")


def ppm(text):
    return scaled(text, {"%": 1e4, "": 1e6}, "a loss")


def buffer_size(text):
    """(bytes, True) or (times the bandwidth-delay product, False)."""
    if text.lower().endswith("bdp"):
        return scaled(text[:-3] or "1", {"": 1}, "a buffer"), False
    return scaled(text, {"": 1, "k": 1e3, "m": 1e6}, "a buffer"), True


def parser():
    p = argparse.ArgumentParser(prog="bench plot", description=__doc__,
                                epilog="example: bench plot --cc cubic,newreno,bbr --rate 100M "
                                       "--rtt 20ms --buffer 1bdp --loss 0.1%% --flows 2 -o DIR")
    p.add_argument("--cc", default="", metavar="NAME,...",
                   help="congestion controls, a column each (default: what is configured)")
    p.add_argument("--rate", type=rate, default=100e6, help="of the bottleneck (100M)")
    p.add_argument("--rtt", type=microseconds, default=20e3, help="without queueing (20ms)")
    p.add_argument("--buffer", type=buffer_size, default=(1.0, False),
                   help="before the bottleneck: bytes (64k) or bandwidth-delay products (1bdp)")
    p.add_argument("--loss", type=ppm, default=0, help="random loss (0.1%%)")
    p.add_argument("--flows", type=int, default=2)
    p.add_argument("--stagger", type=float, default=0, metavar="S",
                   help="from the start of one flow to that of the next (0)")
    p.add_argument("--seconds", type=float, default=20, help="virtual (20)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--set", action="append", default=[], metavar="PATH=VALUE",
                   help="as in a configuration file: tcp.rto-min=1s")
    p.add_argument("-6", "--ipv6", action="store_true")
    p.add_argument("--format", default="png", choices=["png", "svg"])
    p.add_argument("-o", "--output", default="plots", metavar="DIR")
    p.add_argument("--build", default=os.path.join(run.ROOT, "build-bench"), metavar="DIR")
    return p


def command(program, args, name, path):
    size, is_bytes = args.buffer
    queue = size if is_bytes else size * args.rate / 8 * args.rtt / 1e6
    options = [program, "--rate", f"{args.rate:.0f}", "--rtt", f"{args.rtt:.0f}",
               "--queue", f"{queue:.0f}", "--loss", f"{args.loss:.0f}", "--flows", str(args.flows),
               "--stagger", str(args.stagger), "--seconds", str(args.seconds),
               "--sample", str(args.seconds / 400), "--seed", str(args.seed), "--csv", path]
    for item in args.set + ([f"tcp.congestion-control={name}"] if name else []):
        options += ["--set", item]
    return options + (["-6"] if args.ipv6 else [])


def simulate(program, args, name):
    path = os.path.join(args.output, f"{name or 'default'}.csv")
    done = subprocess.run(command(program, args, name, path), stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {program}: exit status {done.returncode}")
    with open(path, encoding="utf-8") as f:
        samples = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(f)]
    return json.loads(done.stdout), samples


def draw(args, runs, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(PANELS), len(runs), sharex=True, sharey="row", squeeze=False,
                                   figsize=(max(9, 6 * len(runs)), 8), layout="constrained")
    for column, (name, result, samples) in enumerate(runs):
        for row, (key, scale, label) in enumerate(PANELS):
            ax = axes[row][column]
            for flow, colour in zip(range(args.flows), itertools.cycle(COLOURS)):
                mine = [s for s in samples if s["flow"] == flow]
                ax.plot([s["time_s"] for s in mine], [s[key] * scale for s in mine],
                        color=colour, linewidth=1.2, label=f"flow {flow + 1}")
            ax.grid(alpha=0.3)
            ax.set_ylim(bottom=0)
            if column == 0:
                ax.set_ylabel(label)
        axes[0][column].set_title(f"{name or 'default'}: {result['utilisation']:.1%} of the line, "
                                  f"{result['retransmits']} sent again")
        axes[-1][column].set_xlabel("time, s")
    axes[0][0].legend(loc="lower right", fontsize="small")
    size, is_bytes = args.buffer
    figure.suptitle(f"{args.rate / 1e6:g} Mb/s, RTT {args.rtt / 1e3:g} ms, buffer "
                    f"{size:g} {'bytes' if is_bytes else 'BDP'}, loss {args.loss / 1e4:g} %")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(arguments):
    args = parser().parse_args(arguments)
    program = run.build(args.build, "gannet-flows")
    os.makedirs(args.output, exist_ok=True)
    runs = [(name,) + simulate(program, args, name) for name in args.cc.split(",")]
    print(table.text(["congestion control", "of the line", "goodput, Mb/s", "of each flow",
                      "Jain's index", "least to most", "sent again"],
                     [[name or "default", f"{r['utilisation']:.1%}", f"{r['goodput_bps'] / 1e6:.2f}",
                       " ".join(f"{bps / 1e6:.2f}" for bps in r["flows_bps"]), f"{r['jain']:.3f}",
                       f"{r['least_to_most']:.2f}", r["retransmits"]] for name, r, _ in runs]))
    path = os.path.join(args.output, f"flows.{args.format}")
    draw(args, runs, path)
    with open(os.path.join(args.output, "summary.json"), "w", encoding="utf-8") as out:
        json.dump({name or "default": r for name, r, _ in runs}, out, indent=2)
    print(f"(second half of the run; {path} and a CSV file each in {args.output})")
