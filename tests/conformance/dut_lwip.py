# SPDX-License-Identifier: BSD-3-Clause
"""Debian's lwIP in a process of its own, on two TAP devices."""

import os
import subprocess

from dut import A4, A6, B4, B6, GATEWAY4, Dut, Unsupported
from dut import PROFILES as WHAT
from dut_gannet import BUILD
from dut_linux import HERE
from support import Namespace
from wire import Link

PROFILES = ("host", "ageing", "short", "limits", "icmp", "igmp1", "igmp2")
MACS = ("02:11:00:00:00:00", "02:11:00:00:00:01")


class Lwip(Dut):
    name = "lwip"

    def __init__(self, tmp, profile):
        super().__init__(tmp, profile)
        if profile not in PROFILES:
            raise Unsupported(f"it cannot be {WHAT[profile]}")
        self.namespace = Namespace("dut", "conf")
        self.namespace.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.agent = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        taps = [f"gn{os.getpid() % 100000}l{port}" for port in "ab"]
        ports = [f"{taps[0]},{A4},255.255.0.0,{GATEWAY4},{A6}",
                 f"{taps[1]},{B4},255.255.0.0,0.0.0.0,{B6}"]
        self.log = (self.tmp / f"{taps[0]}.log").open("w+")
        self.agent = subprocess.Popen(
            self.namespace.command("/usr/bin/python3", HERE / "lwip_agent.py",
                                   BUILD / "tests/conformance/lwip/lwipshim.so", *ports),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            start_new_session=True)
        self.to, self.of = self.agent.stdin, self.agent.stdout
        if not self.of.readline():
            raise AssertionError(f"lwIP did not start\n{self.trouble()}")
        for tap, name, mac in zip(taps, "ab", MACS):
            self.namespace.ip("link", "set", tap, "up")
            self.links.append(Link(self.namespace, tap, f"lwip {name}"))
            self.links[-1].mac = mac

    def broken(self):
        return self.hangs or self.agent.poll() is not None

    def trouble(self):
        self.log.seek(0)
        return self.log.read()

    def close(self):
        super().close()
        if self.agent:
            self.agent.kill()
            self.agent.wait(10)
        self.namespace.close()

    def default(self, what):
        """Of its opt.h and of Debian's lwipopts.h."""
        known = {"ttl": 255, "reassembly": 15, "reassembly6": 60, "rto-min": 1, "syn-give-up": 47, "rto-max": 64,
                 "keepalive-idle": 7200}
        if what not in known:
            raise Unsupported(f"the default of {what} is not documented")
        return known[what]
