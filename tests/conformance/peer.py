# SPDX-License-Identifier: BSD-3-Clause
"""The tester's side of a TCP connection with the device: every segment is the test's own."""

import itertools
import time

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from wire import TIMEOUT

_ports = itertools.count(20000)
_listen = itertools.count(3000)
M32 = 0xFFFFFFFF


def after(a, b):
    """a follows b, modulo 2^32."""
    return 0 < (a - b & M32) < 1 << 31


class Peer:
    """snd: our next sequence number; rcv: the next one expected of the device."""

    def __init__(self, t, v6=False, host=None, iss=None, window=65535, mss=1460, options=()):
        self.t, self.v6 = t, v6
        self.h = host or (t.host6() if v6 else t.host())
        self.sport, self.dport = next(_ports), None
        self.iss = (0x10000000 if iss is None else iss) & M32
        self.snd, self.rcv = self.iss, 0
        self.window = window
        self.options = ([("MSS", mss)] if mss is not None else []) + list(options)
        self.c, self.listener, self.synack = None, None, None
        self.ts_val, self.ts = 1000, None  # ts: the device's last TSval once agreed

    # ---- frames ----

    def ip(self, **f):
        return self.h.ip6h(**f) if self.v6 else self.h.ip(**f)

    def segment(self, flags="A", data=b"", seq=None, ack=None, window=None, options=None, **tcp):
        seq = self.snd if seq is None else seq & M32
        if options is None:
            options = [("NOP", None), ("NOP", None), ("Timestamp", (self.ts_val, self.ts))] \
                if self.ts is not None else []
        ack = (self.rcv if "A" in flags else 0) if ack is None else ack & M32
        return TCP(sport=self.sport, dport=self.dport, flags=flags, seq=seq, ack=ack,
                   window=self.window if window is None else window, options=options,
                   **tcp) / data

    def send(self, flags="A", data=b"", move=True, ip=None, **f):
        """Sends; move: what it takes of our sequence space counts as sent, if it starts there."""
        seq = f.get("seq")
        self.h.send(self.ip(**(ip or {})) / self.segment(flags, data, **f))
        if move and (seq is None or seq & M32 == self.snd):
            self.snd = self.snd + len(data) + ("S" in flags) + ("F" in flags) & M32

    def mine(self, p):
        layer = IPv6 if self.v6 else IP
        return TCP in p and p[layer].dst == (self.h.ip6 if self.v6 else self.h.ip4) and \
            p[TCP].dport == self.sport and (self.dport is None or p[TCP].sport == self.dport)

    def data(self, p):
        size = p[IPv6].plen - p[TCP].dataofs * 4 if self.v6 else \
            p[IP].len - p[IP].ihl * 4 - p[TCP].dataofs * 4
        return bytes(p[TCP].payload)[:size]

    def expect(self, what, wanted=None, timeout=TIMEOUT):
        p = self.t.a.expect(what, lambda p: self.mine(p) and (wanted is None or wanted(p)), timeout)
        return self.note(p)

    def note(self, p):
        for kind, value in p[TCP].options:
            if kind == "Timestamp" and self.ts is not None:
                self.ts = value[0]
        return p

    def flags(self, p):
        return str(p[TCP].flags)

    def expect_flags(self, flags, timeout=TIMEOUT, **values):
        """A segment with exactly these flags (P aside), and these fields."""
        def wanted(p):
            return set(str(p[TCP].flags)) - {"P"} == set(flags) and \
                all(p[TCP].getfieldval(k) == v & M32 for k, v in values.items())
        return self.expect(f"{flags} {values or ''}", wanted, timeout)

    def expect_ack(self, timeout=TIMEOUT, **values):
        """A segment without data that acknowledges up to what was sent."""
        return self.expect_flags("A", timeout, **{"ack": self.snd, **values})

    def expect_rst(self, timeout=TIMEOUT, **values):
        return self.expect("RST", lambda p: "R" in str(p[TCP].flags) and
                           all(p[TCP].getfieldval(k) == v & M32 for k, v in values.items()), timeout)

    def expect_data(self, size, timeout=TIMEOUT, ack=True):
        """The next size octets in order, however segmented; acknowledged as they come."""
        got = bytearray()
        while len(got) < size:
            p = self.expect("data", self.data, timeout)
            if after(p[TCP].seq, self.rcv):
                if ack:
                    self.send()  # a duplicate ACK, as RFC 5681 section 4.2 has it
                continue
            piece = self.data(p)[self.rcv - p[TCP].seq & M32:]
            got += piece
            self.rcv = self.rcv + len(piece) & M32
            if ack:
                self.send()
        return bytes(got)

    def ack_to(self, p):
        """Acknowledges all of that segment."""
        end = p[TCP].seq + len(self.data(p)) + ("F" in self.flags(p)) & M32
        if after(end, self.rcv):
            self.rcv = end
        self.send()

    def silent(self, what="a segment", act=None, wanted=None, wait=0):
        self.t.silent(what, lambda p: self.mine(p) and (wanted is None or wanted(p)), act, wait)

    # ---- the device's side ----

    def listen(self, **options):
        self.dport = next(_listen)
        address = "::" if self.v6 else "0.0.0.0"
        self.listener = self.t.call("tcp_listen", addr=address, port=self.dport, **options)["h"]
        return self

    def accept(self, timeout=TIMEOUT):
        self.c = self.t.call("tcp_accept", h=self.listener, timeout=timeout)["h"]
        return self

    def syn(self, **f):
        """Our SYN, and the device's SYN,ACK."""
        self.send("S", options=self.options, **f)
        self.synack = self.expect_flags("SA")
        self.agree(self.synack)
        return self

    def agree(self, p):
        self.rcv = p[TCP].seq + 1 & M32
        if any(k == "Timestamp" for k, _ in self.options):
            for kind, value in p[TCP].options:
                if kind == "Timestamp":
                    self.ts = value[0]

    def open(self, **options):
        """Established by us."""
        self.listen(**options)
        self.syn()
        self.send()
        return self.accept()

    def connect(self, **options):
        """The device opens: it has sent its SYN."""
        self.dport = None
        address = self.h.ip6 if self.v6 else self.h.ip4
        self.c = self.t.call("tcp_connect", addr=address, port=self.sport, **options)["h"]
        p = self.expect_flags("S")
        self.dport = p[TCP].sport
        self.rcv = p[TCP].seq + 1 & M32
        return p

    def open_active(self, **options):
        """Established by the device."""
        self.agree(self.connect(**options))
        self.send("SA", options=self.options)
        self.expect_ack()
        self.t.call("tcp_opened", h=self.c)
        return self

    def dut_send(self, data=None, **args):
        return self.t.call("tcp_send", h=self.c, **({"data": data} if data is not None else {}),
                           **args)

    def dut_recv(self, size=1, timeout=TIMEOUT):
        answer = self.t.call("tcp_recv", h=self.c, min=size, timeout=timeout)
        return answer["data"]

    def dut_eof(self, timeout=TIMEOUT):
        return self.t.call("tcp_recv", h=self.c, timeout=timeout)["eof"]

    def dut(self, op, **args):
        return self.t.call(f"tcp_{op}", h=self.c, **args)

    def state(self):
        return self.t.call("tcp_info", h=self.c)["state"]

    def works(self):
        """The connection stands in both directions."""
        self.send("PA", b"to device")
        assert self.dut_recv(9) == b"to device"
        self.dut_send(b"to peer")
        assert self.expect_data(7) == b"to peer"

    def pause(self, seconds):
        time.sleep(seconds)

    # ---- states ----

    def reach(self, state):
        """Brings the device's connection there."""
        if state == "SYN-RECEIVED":
            return self.listen().syn()
        self.open()
        if state == "FIN-WAIT-1":
            self.close()
        elif state == "FIN-WAIT-2":
            self.close()
            self.ack_fin()
        elif state == "CLOSING":
            self.close()
            self.send("FA")
            self.expect_ack()
        elif state == "TIME-WAIT":
            self.close()
            self.ack_fin()
            self.send("FA")
            self.expect_ack()
        elif state in ("CLOSE-WAIT", "LAST-ACK"):
            self.send("FA")
            self.expect_ack()
            if state == "LAST-ACK":
                self.close()
        return self

    def close(self):
        """The device closes its direction; its FIN was seen, not acknowledged."""
        self.dut("shutdown")
        p = self.expect("FIN", lambda p: "F" in str(p[TCP].flags))
        self.fin = p

    def ack_fin(self):
        self.rcv = self.rcv + 1 & M32
        self.send()
        self.t.alive()
