# SPDX-License-Identifier: BSD-3-Clause
"""A device under test: what all adapters share.

Port a has 10.1.0.1/16 and 10.1.0.2/16, fd00:1::1/64, and an IPv6 link-local address; port b has
10.2.0.1/16 and fd00:2::1/64. The default gateways are 10.1.255.1 and fd00:1::ffff on port a.
"""

import json
import select

A4, A4B, B4, GATEWAY4 = "10.1.0.1", "10.1.0.2", "10.2.0.1", "10.1.255.1"
A6, B6, GATEWAY6 = "fd00:1::1", "fd00:2::1", "fd00:1::ffff"
NET4_A, NET4_B, BROADCAST4 = "10.1.0.0/16", "10.2.0.0/16", "10.1.255.255"

# What a test may ask a device to be started as; each adapter knows how.
PROFILES = {
    "host": "a host, no address probing, no limit on ICMP errors",
    "acd": "a host that probes its IPv4 addresses (RFC 5227)",
    "dad": "a host that probes its IPv6 addresses (RFC 4862)",
    "ageing": "a host whose neighbour entries age within a second",
    "short": "a host with short reassembly, TIME-WAIT and user timeouts",
    "gateways": "a host with the two default gateways 10.1.255.1 and 10.1.255.2, and short timers",
    "lonely": "a host without a default gateway",
    "limits": "a host with its default limits on ICMP errors and challenge ACKs",
    "cookies": "a host that answers SYNs with cookies",
    "ecn": "a host with ECN on",
    "icmp": "a host that answers timestamp requests",
    "mask-agent": "a host that answers address mask requests",
    "mask-client": "a host that asks for its address mask",
    "igmp1": "a host on a link with an IGMPv1 querier", "igmp2": "the same, IGMPv2",
    "router-strict": "a router that checks the source of a packet against its routes",
    "router-source-routes": "a router that honours source routes",
    "router": "a router between port a and port b, without a default route",
}


class Unsupported(AssertionError):
    """The device cannot do what the test needs; the test fails with this reason."""


class DeviceError(Exception):
    """What the device's API answered: an errno's name."""


class Dut:
    name = "none"

    def __init__(self, tmp, profile):
        self.tmp, self.profile = tmp, profile
        self.links = []
        self.opened = []
        self.to, self.of, self.hangs = None, None, False

    # ---- the upper tester ----

    def call(self, op, timeout=2.0, **args):
        """One operation of the upper tester; waits in the device, at most that long."""
        request = {"op": op, "timeout_ms": int(timeout * 1000), **args}
        for key, value in args.items():
            if isinstance(value, bytes):
                request[key] = value.hex()
        self.to.write(json.dumps(request) + "\n")
        self.to.flush()
        if not select.select([self.of], [], [], timeout + 3)[0]:
            self.hangs = True
            raise AssertionError(f"the device hangs in {op}\n{self.trouble()}")
        line = self.of.readline()
        if not line:
            self.hangs = True
            raise AssertionError(f"the device ended\n{self.trouble()}")
        answer = json.loads(line)
        if not answer.pop("ok"):
            if answer["error"] in ("ENOTSUP", "EOPNOTSUPP"):
                raise Unsupported(f"the device cannot do {op} {args}")
            raise DeviceError(answer["error"])
        if "h" in answer:
            self.opened.append((op, answer["h"]))
        if "data" in answer:
            answer["data"] = bytes.fromhex(answer["data"])
        return answer

    def clean(self):
        """Ends all sockets that a test left."""
        for op, h in reversed(self.opened if not self.hangs else ()):
            end = {"udp_open": "udp_close", "tcp_listen": "tcp_unlisten"}.get(op, "tcp_abort")
            try:
                self.call(end, h=h)
            except DeviceError:
                pass  # the test ended it
        self.opened = []

    def trouble(self):
        """What the device printed."""
        return ""

    def broken(self):
        """A test left it unusable."""
        return self.hangs

    # ---- what adapters do ----

    def close(self):
        for link in self.links:
            link.close()

    def neighbour(self, address):
        """The MAC address that the device has for a neighbour, or None."""
        raise Unsupported("reading the neighbour cache")

    def link_set(self, port, up):
        raise Unsupported("link down and up")

    def address(self, action, address, length, port=0):
        """action: "add" or "del"."""
        raise Unsupported("changing addresses at run time")

    def route(self, action, prefix, via=None, port=0, kind="unicast"):
        raise Unsupported("changing routes at run time")

    def flush(self):
        raise Unsupported("flushing the neighbour cache")

    def mtu(self, port, size):
        raise Unsupported("changing the MTU at run time")

    def ping(self, address):
        """True if that address answered an echo request."""
        raise Unsupported("pinging")

    def default(self, what):
        """A documented default, in its base unit."""
        raise Unsupported(f"the default of {what} is not documented")
