# SPDX-License-Identifier: BSD-3-Clause
"""The Linux kernel in a namespace, on two veth pairs."""

import json
import os
import pathlib
import subprocess

from dut import A4, A4B, A6, B4, B6, Dut, GATEWAY4, GATEWAY6, Unsupported
from dut import PROFILES as WHAT
from support import Namespace
from wire import Link

PORTS = ("da", "db")
HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = {
    "net.ipv4.neigh.da.locktime": 0, "net.ipv4.icmp_ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 1000000,
    "net.ipv4.icmp_msgs_burst": 1000000, "net.ipv6.icmp.ratelimit": 0,
    "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.tcp_invalid_ratelimit": 0,
    "net.ipv4.tcp_congestion_control": "reno",
}
PROFILES = {
    "host": {},
    "dad": {},
    "ageing": {"net.ipv4.neigh.da.base_reachable_time_ms": 500,
               "net.ipv4.neigh.da.delay_first_probe_time": 0,
               "net.ipv4.neigh.da.retrans_time_ms": 100,
               "net.ipv6.neigh.da.base_reachable_time_ms": 500,
               "net.ipv6.neigh.da.delay_first_probe_time": 0,
               "net.ipv6.neigh.da.retrans_time_ms": 100},
    "gateways": {"net.ipv4.neigh.da.base_reachable_time_ms": 500,
                 "net.ipv4.neigh.da.delay_first_probe_time": 0,
                 "net.ipv4.neigh.da.retrans_time_ms": 100,
                 "net.ipv4.fib_multipath_use_neigh": 1},
    "short": {"net.ipv4.ipfrag_time": 1, "net.ipv6.ip6frag_time": 1,
              "net.ipv4.tcp_syn_retries": 1, "net.ipv4.tcp_fin_timeout": 1},
    "lonely": {},
    "igmp1": {},
    "igmp2": {},
    "limits": {"net.ipv4.icmp_ratelimit": 1000, "net.ipv6.icmp.ratelimit": 1000,
               "net.ipv4.tcp_invalid_ratelimit": 500},
    "cookies": {"net.ipv4.tcp_syncookies": 2},
    "ecn": {"net.ipv4.tcp_ecn": 1},
    "icmp": {},
    "router-strict": {"net.ipv4.ip_forward": 1, "net.ipv4.conf.da.rp_filter": 1},
    "router-source-routes": {"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.accept_source_route": 1,
                             "net.ipv4.conf.da.accept_source_route": 1},
    "router": {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1},
}


class Linux(Dut):
    name = "linux"

    def __init__(self, tmp, profile):
        super().__init__(tmp, profile)
        if profile not in PROFILES:
            raise Unsupported(f"it cannot be {WHAT[profile]}")
        self.namespace, self.tester = Namespace("dut", "conf"), Namespace("tester", "conf")
        self.agent = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        ns = self.namespace
        self.tester.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        dad = 1 if self.profile == "dad" else 0
        ns.sysctl("net.ipv6.conf.default.accept_dad", dad)
        for port in PORTS:
            ns.ip("link", "add", "name", port, "type", "veth", "peer", "name", f"t{port}", "netns",
                  self.tester.name)
            ns.run("ethtool", "-K", port, "tx", "off")
            self.tester.run("ethtool", "-K", f"t{port}", "tx", "off")
            self.tester.ip("link", "set", f"t{port}", "up")
        for key, value in {**SETTINGS, **PROFILES[self.profile]}.items():
            ns.sysctl(key, value)
        for port, address in (("da", f"{A4}/16"), ("da", f"{A4B}/16"), ("db", f"{B4}/16")):
            ns.ip("addr", "add", address, "brd", "+", "dev", port)
        for n, port in enumerate(PORTS):
            self.links.append(Link(self.tester, f"t{port}", f"linux {port[1]}"))
            text = ns.ip("-j", "link", "show", port).stdout
            self.links[n].mac = json.loads(text)[0]["address"]
            ns.ip("link", "set", port, "up")
        for port, address in (("da", A6), ("db", B6)):
            ns.ip("addr", "add", f"{address}/64", "dev", port, *([] if dad else ["nodad"]))
        if self.profile == "gateways":
            ns.ip("route", "add", "default", "nexthop", "via", GATEWAY4, "nexthop", "via",
                  "10.1.255.2")
        elif self.profile != "lonely" and not self.profile.startswith("router"):
            ns.ip("route", "add", "default", "via", GATEWAY4)
            ns.ip("-6", "route", "add", "default", "via", GATEWAY6, "dev", "da")
        self.agent = subprocess.Popen(
            ns.command("/usr/bin/python3", HERE / "linux_agent.py"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.to, self.of = self.agent.stdin, self.agent.stdout

    def close(self):
        super().close()
        if self.agent:
            self.agent.stdin.close()
            self.agent.wait(10)
        self.namespace.close()
        self.tester.close()

    def neighbour(self, address):
        for entry in json.loads(self.namespace.ip("-j", "neigh", "show", "to", address).stdout):
            return entry.get("lladdr")
        return None

    def link_set(self, port, up):
        self.tester.ip("link", "set", f"t{PORTS[port]}", "up" if up else "down")

    def address(self, action, address, length, port=0):
        self.namespace.ip("addr", action, f"{address}/{length}", "dev", PORTS[port])

    def route(self, action, prefix, via=None, port=0, kind="unicast"):
        family = ["-6"] if ":" in prefix else []
        self.namespace.ip(*family, "route", action, kind, prefix,
                          *(["via", via] if via else []), *(["dev", PORTS[port]] if kind ==
                                                            "unicast" else []))

    def flush(self):
        self.namespace.ip("neigh", "flush", "all", check=False)

    def mtu(self, port, size):
        self.namespace.ip("link", "set", PORTS[port], "mtu", size)

    def default(self, what):
        return {"ttl": 64, "reassembly": 30, "reassembly6": 60, "syn-give-up": 127, "rto-min": 0.2, "rto-max": 120,
                "keepalive-idle": 7200}[what]

    def ping(self, address):
        return self.namespace.run("ping", "-c1", "-W2", address, check=False).returncode == 0
