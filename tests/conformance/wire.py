# SPDX-License-Identifier: BSD-3-Clause
"""Raw Ethernet of the tester: a link to one port of the device, and the hosts that it plays."""

import itertools
import os
import select
import socket
import struct
import threading
import time

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import ARP, Ether

BROADCAST = "ff:ff:ff:ff:ff:ff"
ZERO = "00:00:00:00:00:00"
TIMEOUT = 2.0  # paid only by a test that fails
_numbers = itertools.count(1)


class Unanswered(AssertionError):
    """The device did not do within the time what the RFC asks for."""


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


class Frame:
    """One frame as it was seen: when, in which direction, its octets, and scapy's view of them."""

    def __init__(self, link, out, data):
        self.time, self.link, self.out, self.data = time.time(), link, out, data
        self._packet = None

    @property
    def packet(self):
        if self._packet is None:
            self._packet = Ether(self.data)
            self._packet.time = self.time
        return self._packet

    def summary(self):
        return self.packet.summary()


class Link:
    """The tester's end of a cable. A thread reads it, answers for the hosts, and keeps all frames."""

    def __init__(self, namespace, interface, name):
        self.name, self.mac = name, None  # the device's, once known
        self.hosts = {}  # address: Host that answers ARP and ND
        self.frames, self.cursor = [], 0
        self.changed = threading.Condition()
        self.socket = namespace.call(socket.socket, socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((interface, 3))  # ETH_P_ALL
        self.wake = os.pipe()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def close(self):
        os.write(self.wake[1], b"x")
        self.thread.join()
        self.socket.close()
        for fd in self.wake:
            os.close(fd)

    def _read(self):
        while True:
            ready, _, _ = select.select([self.socket, self.wake[0]], [], [])
            if self.wake[0] in ready:
                return
            try:
                data = self.socket.recv(1 << 16)
            except OSError:  # the link is down; it may come up again
                time.sleep(0.01)
                continue
            with self.changed:
                self.frames.append(Frame(self, False, data))
                self.changed.notify_all()
            try:
                self._answer(data)
            except Exception:  # pylint: disable=broad-except
                pass  # what the device sent is for the test to judge

    def _answer(self, data):
        kind = data[12:14]
        if kind == b"\x08\x06" and len(data) >= 42 and data[20:22] == b"\0\1":
            asked = socket.inet_ntoa(data[38:42])
            host = self.hosts.get(asked)
            if host and host.answers and data[:6] in (b"\xff" * 6, mac_bytes(host.mac)):
                host.arp_reply(data[22:28].hex(":"), socket.inet_ntoa(data[28:32]))
        elif kind == b"\x86\xdd" and len(data) >= 78 and data[20] == 58 and data[54] == 135:
            host = self.hosts.get(socket.inet_ntop(socket.AF_INET6, data[62:78]))
            if host and host.answers and data[22:38] != bytes(16) and \
                    (data[0] & 1 or data[:6] == mac_bytes(host.mac)):
                host.na(data[6:12].hex(":"), socket.inet_ntop(socket.AF_INET6, data[22:38]))

    def send(self, packet, pad=True):
        data = bytes(packet)
        if pad:
            data = data.ljust(60, b"\0")
        with self.changed:
            self.frames.append(Frame(self, True, data))
        self.socket.send(data)

    def flood(self, all_data):
        """Many frames that nobody wants to see in a report."""
        for data in all_data:
            self.socket.send(data)

    def start(self):
        """A new test: what came before is not its business."""
        with self.changed:
            self.frames, self.cursor = [], 0

    def skip(self):
        """Only what comes from now on counts."""
        with self.changed:
            self.cursor = len(self.frames)

    def expect(self, what, wanted, timeout=TIMEOUT):
        """The next frame of the device that wanted(packet) accepts; the ones before it are
        passed over."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                while self.cursor < len(self.frames):
                    frame = self.frames[self.cursor]
                    self.cursor += 1
                    if not frame.out and wanted(frame.packet):
                        return frame.packet
                left = end - time.monotonic()
                if left <= 0:
                    raise Unanswered(f"within {timeout} s the device did not send {what}")
                self.changed.wait(left)

    def seen(self, wanted, start=0):
        """All frames of the device so far that wanted(packet) accepts."""
        with self.changed:
            frames = [f for f in self.frames[start:] if not f.out]
        return [f.packet for f in frames if wanted(f.packet)]

    def mark(self):
        with self.changed:
            return len(self.frames)


class Host:
    """A neighbour that the tester plays: addresses, a MAC address, and whether it answers."""

    def __init__(self, link, dut4, dut6, ip4=None, ip6=None, mac=None, answers=True):
        n = next(_numbers)
        self.link, self.dut4, self.dut6 = link, dut4, dut6
        self.ip4, self.ip6 = ip4, ip6
        self.mac = mac or "02:00:5e:%02x:%02x:%02x" % (n >> 16 & 255, n >> 8 & 255, n & 255)
        self.answers = answers
        self.ident = 1
        for address in (ip4, ip6):
            if address:
                link.hosts[address] = self

    def __repr__(self):
        return self.ip4 or self.ip6

    # ---- frames ----

    def ether(self, **fields):
        return Ether(**{"src": self.mac, "dst": self.link.mac, **fields})

    def ip(self, **fields):
        return IP(**{"src": self.ip4, "dst": self.dut4, **fields})

    def ip6h(self, **fields):
        return IPv6(**{"src": self.ip6, "dst": self.dut6, **fields})

    def send(self, packet, **fields):
        """An IP packet in a frame to the device, or a whole frame."""
        if not isinstance(packet, Ether):
            packet = self.ether(**fields) / packet
        self.link.send(packet)

    def raw(self, data, kind=0x0800, **fields):
        """Octets above Ethernet, as they are."""
        self.link.send(bytes(self.ether(type=kind, **fields)) + bytes(data))

    # ---- ARP ----

    def arp(self, op, frame=None, **fields):
        """An ARP packet of this host about the device, any field of which may differ."""
        frame = {"dst": BROADCAST if op == 1 else self.link.mac, **(frame or {})}
        values = {"op": op, "hwsrc": self.mac, "psrc": self.ip4, "hwdst": ZERO if op == 1 else
                  self.link.mac, "pdst": self.dut4, **fields}
        self.link.send(self.ether(**frame) / ARP(**values))

    def arp_reply(self, to_mac, to_ip):
        self.link.send(self.ether(dst=to_mac) / ARP(op=2, hwsrc=self.mac, psrc=self.ip4,
                                                    hwdst=to_mac, pdst=to_ip))

    def is_arp_reply(self, p, address=None):
        return ARP in p and p[ARP].op == 2 and p[ARP].psrc == (address or self.dut4) and \
            p[ARP].pdst == self.ip4

    def is_arp_request(self, p):
        return ARP in p and p[ARP].op == 1 and p[ARP].pdst == self.ip4

    def resolve(self):
        """Makes the device know this host, by asking for the device (RFC 826)."""
        self.arp(1)
        return self.link.expect(f"an ARP reply to {self.ip4}", self.is_arp_reply)

    # ---- neighbour discovery ----

    def ns(self, target=None, dst=None, options=None, **fields):
        target = target or self.dut6
        raw = socket.inet_pton(socket.AF_INET6, target)
        group = "ff02::1:ff%02x:%02x%02x" % tuple(raw[13:16])
        dst = dst or group
        frame = {"dst": "33:33:ff:%02x:%02x:%02x" % tuple(raw[13:16])} if dst == group else {}
        options = ICMPv6NDOptSrcLLAddr(lladdr=self.mac) if options is None else options
        packet = self.ip6h(**{"dst": dst, "hlim": 255, **fields}) / ICMPv6ND_NS(tgt=target)
        self.send(packet / options if options else packet, **frame)

    def na(self, to_mac, to_ip, **fields):
        self.link.send(self.ether(dst=to_mac) / IPv6(src=self.ip6, dst=to_ip, hlim=255) /
                       ICMPv6ND_NA(**{"tgt": self.ip6, "R": 0, "S": 1, "O": 1, **fields}) /
                       ICMPv6NDOptDstLLAddr(lladdr=self.mac))

    def resolve6(self):
        self.ns()
        return self.link.expect(f"a neighbour advertisement to {self.ip6}", lambda p:
                                ICMPv6ND_NA in p and p[IPv6].dst == self.ip6)

    # ---- echo ----

    def ping(self, data=b"", **ip):
        """Sends an echo request; its identifier."""
        self.ident = self.ident % 65535 + 1
        self.send(self.ip(**ip) / ICMP(type=8, id=self.ident, seq=1) / data)
        return self.ident

    def is_pong(self, p, ident):
        return ICMP in p and p[ICMP].type == 0 and p[ICMP].id == ident and p[IP].dst == self.ip4

    def pong(self, ident, timeout=TIMEOUT):
        return self.link.expect(f"an echo reply to {self.ip4}", lambda p: self.is_pong(p, ident),
                                timeout)

    def ping6(self, data=b"", **ip):
        self.ident = self.ident % 65535 + 1
        self.send(self.ip6h(**ip) / ICMPv6EchoRequest(id=self.ident, seq=1, data=data))
        return self.ident

    def is_pong6(self, p, ident):
        return ICMPv6EchoReply in p and p[ICMPv6EchoReply].id == ident and p[IPv6].dst == self.ip6

    def pong6(self, ident, timeout=TIMEOUT):
        return self.link.expect(f"an echo reply to {self.ip6}", lambda p: self.is_pong6(p, ident),
                                timeout)


def write_pcapng(path, frames):
    """The frames of a test, both directions, with the link's name and the direction."""
    links = list(dict.fromkeys(f.link for f in frames))

    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    def option(code, value):
        return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)
    with open(path, "wb") as f:
        f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for link in links:
            f.write(block(1, struct.pack("<HHI", 1, 0, 0) + option(2, link.name.encode()) +
                          struct.pack("<HH", 0, 0)))
        for frame in frames:
            us = int(frame.time * 1e6)
            head = struct.pack("<IIIII", links.index(frame.link), us >> 32, us & 0xFFFFFFFF,
                               len(frame.data), len(frame.data))
            data = frame.data + b"\0" * (-len(frame.data) % 4)
            note = option(1, b"tester" if frame.out else b"device")
            f.write(block(6, head + data + note + struct.pack("<HH", 0, 0)))
