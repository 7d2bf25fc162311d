# SPDX-License-Identifier: BSD-3-Clause
"""Builds and runs gannet-bench."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def build(directory, target="gannet-bench"):
    """The path of the program, built with the options that all figures are made with."""
    if not os.path.exists(os.path.join(directory, "build.ninja")):
        say(f"configuring {directory}")
        subprocess.run(["meson", "setup", directory, ROOT, "--buildtype=release", "-Ddebug=true",
                        "-Dtests=false", "-Dapps=false"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", directory, f"tools/bench/{target}"], check=True,
                   stdout=subprocess.DEVNULL)
    return os.path.join(directory, "tools", "bench", target)


def run(command):
    """Runs a command whose last line of output is JSON."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: exit status {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])
