# SPDX-License-Identifier: BSD-3-Clause
"""What a test has in its hand: the device, the links, and hosts that it plays."""

import itertools
import time

from dut import A4, A6, B4, B6, GATEWAY4, GATEWAY6
from wire import TIMEOUT, Host, Unanswered

_hosts = itertools.count(10)


class Tester:
    __test__ = False  # not a class of tests, whatever its name

    def __init__(self, dut, devices):
        self.dut, self.devices = dut, devices
        self.call = dut.call
        self.a, self.b = dut.links[0], dut.links[-1]
        for link in dut.links:
            link.hosts = {}
        self._prober = None

    def finish(self):
        if self.devices.now is self.dut:
            self.dut.clean()

    def frames(self):
        return sorted((f for link in self.dut.links for f in link.frames), key=lambda f: f.time)

    # ---- hosts ----

    def host(self, known=True, port=0, answers=True, mac=None, ip4=None):
        """A fresh neighbour; known: the device has it in its ARP cache already."""
        n = next(_hosts)
        ip4 = ip4 or f"10.{port + 1}.{1 + n // 250 % 250}.{1 + n % 250}"
        host = Host(self.dut.links[port], (A4, B4)[port], (A6, B6)[port], ip4=ip4, mac=mac,
                    answers=answers)
        if known:
            host.resolve()
        return host

    def host6(self, known=True, port=0, answers=True, mac=None, ip6=None):
        ip6 = ip6 or f"fd00:{port + 1}::{next(_hosts) + 0x1000:x}"
        host = Host(self.dut.links[port], (A4, B4)[port], (A6, B6)[port], ip6=ip6, mac=mac,
                    answers=answers)
        if known:
            host.resolve6()
        return host

    def gateway(self, known=True):
        return self.host(known, ip4=GATEWAY4)

    def gateway6(self, known=True):
        return self.host6(known, ip6=GATEWAY6)

    # ---- proofs ----

    def alive(self):
        """The device answers an echo request: it lives, and has worked on all frames before."""
        if self._prober is None:
            self._prober = self.host()
        for _ in range(2):  # a flood before may have cost the echo itself
            try:
                return self._prober.pong(self._prober.ping(b"probe"), 1)
            except Unanswered:
                pass
        return self._prober.pong(self._prober.ping(b"probe"))

    def silent(self, what, unwanted, act=None, wait=0):
        """Does act(), and proves by an echo that follows that no such frame was sent."""
        if self._prober is None:
            self._prober = self.host()
        marks = [link.mark() for link in self.dut.links]
        if act:
            act()
        if wait:
            time.sleep(wait)
        self.alive()
        for link, mark in zip(self.dut.links, marks):
            found = link.seen(unwanted, mark)
            assert not found, f"the device sent {what}: {found[0].summary()}"

    def udp(self, port=0, **args):
        """A bound UDP socket of the device: its handle and port."""
        answer = self.call("udp_open", port=port, **args)
        return answer["h"], answer.get("port") or port

    def received(self, h, timeout=TIMEOUT):
        return self.call("udp_recv", timeout=timeout, h=h)

    def sends(self, to, data=b"conformance", port=9000):
        """Makes the device send a datagram to a host."""
        h, _ = self.udp(**({"addr": "0.0.0.0"} if to.ip4 else {"addr": "::"}))
        self.call("udp_send", h=h, addr=to.ip4 or to.ip6, port=port, data=data)
        return h
