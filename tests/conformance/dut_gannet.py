# SPDX-License-Identifier: BSD-3-Clause
"""Gannet on two net_tap devices: fragments arrive intact, and no checksum is touched."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

from dut import A4, A4B, A6, B4, B6, Dut, GATEWAY4, GATEWAY6, Unsupported
from dut import PROFILES as WHAT
from support import ROOT, Namespace, run, wait_for
from wire import Link

BUILD = pathlib.Path(os.environ.get("GANNET_BUILD", ROOT / "build" / "release"))
SETTINGS = {
    "net.conflict-detection": "false", "net.dad-transmits": "0",
    "net.icmp-rate": "1000000", "net.icmp-burst": "1000000",
}
ROUTER = {"net.mask-reply": "true", "net.arp-retry": "300ms"}
PORT = {"router": "forwarding: true", "router-strict": "forwarding: true, rpf: strict",
        "router-source-routes": "forwarding: true"}
PROFILES = {
    "host": {},
    "acd": {"net.conflict-detection": "true"},
    "dad": {"net.dad-transmits": "1"},
    "ageing": {"net.reachable": "1s", "net.delay-probe": "100ms", "net.arp-retry": "100ms",
               "net.nd-retransmit": "100ms"},
    "gateways": {"net.reachable": "1s", "net.delay-probe": "100ms", "net.arp-retry": "100ms"},
    "lonely": {},
    "igmp1": {},
    "igmp2": {},
    "limits": {"net.icmp-rate": "1000", "net.icmp-burst": "50"},
    "cookies": {"tcp.syn-cookies": "always"},
    "ecn": {"tcp.ecn": "on"},
    "short": {"net.reassembly-timeout": "1s", "tcp.msl": "300ms", "tcp.syn-give-up": "2s"},
    "icmp": {"net.timestamp-reply": "true"},
    "mask-agent": {"net.mask-reply": "true"},
    "router": ROUTER,
    "router-strict": ROUTER,
    "router-source-routes": {**ROUTER, "net.source-routes": "true"},
}
GATEWAYS = {"lonely": (), **dict.fromkeys(PORT, ()), "gateways": (GATEWAY4, "10.1.255.2")}
_count = iter(range(1 << 30))


class Gannet(Dut):
    name = "gannet"

    def __init__(self, tmp, profile):
        super().__init__(tmp, profile)
        if profile not in PROFILES:
            raise Unsupported(f"it cannot be {WHAT[profile]}")
        self.namespace = Namespace("dut", "conf")
        self.namespace.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.process = None
        try:
            self._start()
        except BaseException:
            if self.process and self.process.poll() is not None:
                self.process = None
            self.close()
            raise

    def _start(self):
        n = next(_count)
        self.prefix = f"gnconf{os.getpid()}x{n}"
        self.socket_path = str(self.tmp / f"{self.prefix}.sock")
        self.taps = [f"gn{os.getpid() % 100000}c{n % 1000}{port}" for port in "ab"]
        conf = self.tmp / f"{self.prefix}.yaml"
        routes = [f'{{to: default, via: "{via}", metric: {n}}}' for n, via in enumerate(
            GATEWAYS.get(self.profile, (GATEWAY4, GATEWAY6)))]
        cpus = sorted(os.sched_getaffinity(0))
        port = "".join(f"    {line}\n" for line in PORT.get(self.profile, "").split(", ") if line)
        conf.write_text(f"""cpus: [{cpus[os.getpid() % len(cpus)]}]
idle: sleep
memory: {{hugepages: false}}
eal: {{file-prefix: {self.prefix}}}
ports:
  a:
    device: "net_tap0,iface={self.taps[0]}"
    addresses: [{A4}/16, {A4B}/16, "{A6}/64"]
    routes: [{", ".join(routes)}]
{port}  b:
    device: "net_tap1,iface={self.taps[1]}"
    addresses: [{B4}/16, "{B6}/64"]
{port}""")
        settings = {**SETTINGS, **PROFILES[self.profile]}
        self.log = self.tmp / f"{self.prefix}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.namespace.command(BUILD / "tests/conformance/tester/gannet-tester", "-c", conf,
                                       "--socket", self.socket_path,
                                       *[f"--set={k}={v}" for k, v in settings.items()]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        wait_for("gannet-tester is ready", self._ready, 20)
        for tap, name in zip(self.taps, "ab"):
            self.links.append(Link(self.namespace, tap, f"gannet {name}"))
            text = self.namespace.ip("-j", "link", "show", tap).stdout
            self.links[-1].mac = json.loads(text)[0]["address"]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.socket_path)
        self.to, self.of = self.socket.makefile("w"), self.socket.makefile("r")

    def _ready(self):
        assert self.process.poll() is None, f"the stack ended:\n{self.trouble()}"
        return "gannet-tester: ready" in self.trouble() and os.path.exists(self.socket_path)

    def trouble(self):
        return self.log.read_text(errors="replace")

    def close(self):
        super().close()
        died = None
        if self.process:
            died = self.process.poll()
            if died is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(self.process.pid, signal.SIGKILL)
                    self.process.wait()
        self.namespace.close()
        assert died is None, f"the stack ended with status {died}:\n{self.trouble()}"

    def telemetry(self, *args):
        return json.loads(run(ROOT / "tools/gannetctl/gannetctl", *args, "--file-prefix",
                              self.prefix, "--json").stdout)

    def change(self, *words):
        run(ROOT / "tools/gannetctl/gannetctl", "--file-prefix", self.prefix, *words)

    def route(self, action, prefix, via=None, port=0, kind="unicast"):
        words = ["via", via] if via else []
        if kind != "unicast":
            words += ["type", kind]
        self.change("route", action, prefix, *words, *(["dev", "ab"[port]] if action == "add" else []))

    def mtu(self, port, size):
        self.change("link", "set", "ab"[port], "mtu", str(size))

    def flush(self):
        self.change("neigh", "flush")

    def address(self, action, address, length, port=0):
        self.change("addr", action, f"{address}/{length}", "dev", "ab"[port])

    def link_set(self, port, up):
        raise Unsupported("net_tap does not tell its link's state once it was moved: no link down")

    def neighbour(self, address):
        for entry in self.telemetry("neigh"):
            if entry["address"] == address:
                return entry["mac"].lower()
        return None

    def default(self, what):
        """From the configuration that the program prints when nothing was set."""
        key = {"reassembly": "reassembly-timeout", "reassembly6": "reassembly-timeout"}.get(what, what)
        text = run(BUILD / "tests/conformance/tester/gannet-tester", "--port", "net_null0",
                   "--address", "10.0.0.1/24", "--socket", "/none", "--show-config").stdout
        found = re.search(rf"^  {key}: *([0-9]+)(us|ms|s|min|h)?", text, re.M)
        if not found:
            raise Unsupported(f"there is no setting {key}")
        unit = {"us": 1e-6, "ms": 1e-3, "min": 60, "h": 3600}.get(found[2], 1)
        return int(found[1]) * unit
