# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 reassembly: RFC 791 section 3.2, 815, 1122 section 3.3.2, 3168 section 5.3."""

import random
import time

import pytest
from scapy.layers.inet import ICMP, IP

import raw
from case import case, cases
from dut import A4, A4B, DeviceError

REASSEMBLY, SPEC = "RFC 1122 §3.3.2", "RFC 791 §3.2"
PORT = 7100
DATA = bytes(range(1, 249))  # 256 octets with the UDP header


class Pieces:
    """A datagram for the socket of the test, and its fragments."""

    def __init__(self, t, port=PORT):
        self.t, self.h = t, t.host()
        self.s, self.port = t.udp(addr="0.0.0.0", port=port)
        self.ident = random.Random(self.h.ip4).randrange(1, 60000)

    def udp(self, data=DATA, dst=A4):
        return raw.udp(self.h.ip4, dst, 9, self.port, data)

    def piece(self, start, end, more, data=None, dst=A4, ident=None, **f):
        payload = data if data is not None else self.udp(dst=dst)[start:end]
        self.h.raw(raw.ip4(self.h.ip4, dst, 17, payload, id=ident or self.ident, frag=start // 8,
                           flags=1 if more else 0, **f))

    def got(self, data=DATA, timeout=2.0):
        assert self.t.received(self.s, timeout)["data"] == data

    def nothing(self):
        """Nothing was delivered: a whole datagram comes first."""
        self.h.raw(raw.ip4(self.h.ip4, A4, 17, self.udp(b"whole")))
        assert self.t.received(self.s)["data"] == b"whole"


@pytest.fixture
def f(t):
    return Pieces(t)


# The pieces of the 256 octets: (start, end, more).
FIRST, LAST = (0, 128, True), (128, 256, False)


@cases("pieces",
       ("IP4-4.01", "MUST", REASSEMBLY, "two fragments in order: delivered", (FIRST, LAST)),
       ("IP4-4.04", "SPEC", SPEC, "first fragment twice: delivered once", (FIRST, FIRST, LAST)),
       ("IP4-4.07", "SPEC", SPEC, "overlap with identical octets: delivered, right length and "
        "data", (FIRST, (64, 192, True), LAST)),
       ("IP4-4.09", "SPEC", SPEC, "a fragment wholly inside an earlier one: delivered",
        (FIRST, (32, 64, True), LAST)))
def test_delivered(f, pieces):
    for piece in pieces:
        f.piece(*piece)
    f.got()
    f.nothing()


@case("IP4-4.06", "SPEC", SPEC)
def test_last_again(f):
    """The last fragment again after completion: no second delivery, no ICMP at once."""
    f.piece(*FIRST)
    f.piece(*LAST)
    f.got()
    f.t.silent("ICMP", lambda p: ICMP in p and p[IP].dst == f.h.ip4, lambda: f.piece(*LAST))
    f.nothing()


@case("IP4-4.11", "SPEC", SPEC)
def test_other_identifier(f):
    """Same addresses and protocol, different ID: never joined."""
    f.piece(*FIRST)
    f.piece(*LAST, ident=f.ident + 1)
    f.nothing()
    f.piece(*LAST)
    f.got()


@case("IP4-4.13", "SPEC", SPEC)
def test_other_destination(f):
    """Same ID, different destination of D: never joined."""
    f.piece(*FIRST)
    f.piece(*LAST, dst=A4B)
    f.nothing()
    f.piece(*LAST)
    f.got()


def is_timeout(h):
    return lambda p: ICMP in p and p[ICMP].type == 11 and p[ICMP].code == 1 and p[IP].dst == h.ip4


@case("IP4-4.15", "MUST", REASSEMBLY, profile="short")
def test_timeout(f):
    """Fragment 0 received, the rest missing: discarded after the timeout, with ICMP Time
    Exceeded code 1."""
    f.piece(*FIRST)
    f.t.a.expect("Time Exceeded", is_timeout(f.h), 5)
    f.piece(*LAST)
    f.nothing()


@case("IP4-4.16", "SPEC", "RFC 792 Time Exceeded", profile="short")
def test_timeout_without_first(f):
    """Fragment 0 missing, others received: discarded after the timeout, no ICMP."""
    other = Pieces(f.t, PORT + 1)
    f.piece(*LAST)
    other.piece(*FIRST)
    f.t.a.expect("the other's Time Exceeded", is_timeout(other.h), 5)
    f.t.alive()
    assert not f.t.a.seen(is_timeout(f.h))
    f.piece(*FIRST)
    f.nothing()


@case("IP4-4.17", "SHOULD", REASSEMBLY, profile="short")
def test_timeout_is_fixed(f):
    """Fragments with TTL 1 and TTL 255: the same timeout, not taken from the TTL."""
    other = Pieces(f.t, PORT + 1)
    start = time.time()
    f.piece(*FIRST, ttl=1)
    other.piece(*FIRST, ttl=255)
    either = lambda p: is_timeout(f.h)(p) or is_timeout(other.h)(p)
    times = [f.t.a.expect("Time Exceeded", either, 5).time - start for _ in range(2)]
    assert max(times) - min(times) < 0.5 and min(times) > 0.5


@case("IP4-4.18", "SHOULD", REASSEMBLY)
def test_timeout_default(t):
    """An incomplete datagram: the default timeout is 60 to 120 s."""
    assert 60 <= t.dut.default("reassembly") <= 120


@cases("size,step",
       ("IP4-4.19", "MUST", REASSEMBLY, "576-octet datagram in pieces of 8 octets: delivered", 576,
        8),
       ("IP4-4.20", "SHOULD", REASSEMBLY, "datagram as large as the link's MTU, in pieces: "
        "delivered", 1500, 512),
       ("IP4-4.21", "SHOULD", REASSEMBLY, "65 535-octet datagram: delivered", 65535, 1480))
def test_sizes(f, size, step):
    data = random.Random(size).randbytes(size - 28)
    payload = f.udp(data)
    for p in raw.fragments(f.h.ip4, A4, 17, payload, range(0, len(payload), step), f.ident):
        f.h.raw(p)
    f.got(data)


@case("IP4-4.22", "SPEC", SPEC)
def test_beyond_the_end(f):
    """Offset + length beyond 65 535: discarded, no overflow."""
    f.piece(0, 1480, True, data=f.udp(bytes(1472)))
    f.piece(65528, 65528 + 1000, False, data=bytes(1000))
    f.nothing()


@cases("size",
       ("IP4-4.23", "ROBUST", "none", "MF = 1 and a length that is no multiple of 8: that "
        "fragment is discarded", 130),
       ("IP4-4.24", "ROBUST", "none", "MF = 1 and no data: discarded", 0))
def test_bad_length(f, size):
    f.piece(0, size, True)
    f.piece(128, 256, False)
    f.nothing()


@case("IP4-4.26", "SPEC", SPEC)
def test_interleaved(f):
    """Two datagrams interleaved: both are delivered."""
    other = Pieces(f.t, PORT + 1)
    f.piece(*FIRST)
    other.piece(*FIRST)
    other.piece(*LAST)
    f.piece(*LAST)
    f.got()
    other.got()


@case("IP4-4.27", "MUST", "RFC 1122 §3.2.2.6")
def test_large_echo(t):
    """Echo Request of 8000 octets in fragments: an Echo Reply with all 8000 octets."""
    echo_fragments(t, 8000)


def echo_fragments(t, size):
    h = t.host()
    data = random.Random(size).randbytes(size)
    request = raw.icmp(8, 0, b"\1\2\0\1", data)
    for p in raw.fragments(h.ip4, A4, 1, request, range(0, len(request), 1480), 77):
        h.raw(p)
    reply = bytearray()
    while True:
        p = t.a.expect("a fragment of the reply", lambda p: IP in p and p[IP].dst == h.ip4)
        assert p[IP].frag * 8 == len(reply)
        reply += bytes(p[IP].payload)[:p[IP].len - 20]
        if not p[IP].flags.MF:
            break
    assert reply[0] == 0 and raw.checksum(bytes(reply)) == 0 and reply[8:] == data


@case("IP4-4.28", "MUST", "RFC 3168 §5.3")
def test_congestion_experienced(f):
    """One fragment CE, the other ECT(0): reassembled as CE, or dropped."""
    f.piece(*FIRST, tos=2)
    f.piece(*LAST, tos=3)
    try:
        answer = f.t.received(f.s, 0.3)
    except DeviceError:
        return
    assert answer.get("tos", 3) & 3 == 3


@case("IP4-4.29", "MUST", "RFC 3168 §5.3")
def test_congestion_and_not_ect(f):
    """One fragment CE, the other Not-ECT: dropped."""
    f.piece(*FIRST, tos=0)
    f.piece(*LAST, tos=3)
    f.nothing()


@case("IP4-4.30", "MUST", "RFC 1122 §3.2.1.2")
def test_bad_checksum(f):
    """One fragment with a bad header checksum: ignored, the datagram is incomplete."""
    f.piece(*FIRST)
    f.piece(*LAST, chksum=0x5555)
    f.nothing()
    f.piece(*LAST)
    f.got()


@case("IP4-4.31", "ROBUST", "none")
def test_flood(f):
    """20 000 first fragments with random sources and IDs: D still answers."""
    rng = random.Random(4)
    head = bytes(f.h.ether(type=0x0800))
    f.t.a.flood(head + raw.ip4(f"10.1.{rng.randrange(100, 250)}.{rng.randrange(1, 255)}", A4, 17,
                               bytes(64), id=rng.randrange(65536), flags=1) for _ in range(20000))
    f.t.alive()


@case("IP4-4.32", "ROBUST", "RFC 1858")
def test_tiny_first_fragment(t):
    """A first fragment that holds 8 octets of TCP: no crash."""
    h = t.host()
    h.raw(raw.ip4(h.ip4, A4, 6, bytes(8), id=5, flags=1))
    h.raw(raw.ip4(h.ip4, A4, 6, bytes(12), id=5, frag=1))
    t.alive()
