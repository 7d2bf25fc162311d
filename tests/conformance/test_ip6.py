# SPDX-License-Identifier: BSD-3-Clause
"""IPv6: RFC 8200, 4291, 5095, 6437, 6724, 6946, 8201, 3168. Octets, not scapy's classes: most of
these packets are wrong on purpose."""

import random
import socket
import struct

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether

import raw
from case import case, cases
from dut import A6, DeviceError

HEADER, ORDER, OPTIONS = "RFC 8200 §3", "RFC 8200 §4.1", "RFC 8200 §4.2"
FRAGMENT = "RFC 8200 §4.5"
ICMP6, DSTOPTS, ROUTING, FRAG, HOPOPTS, NONE = 58, 60, 43, 44, 0, 59


def a6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def ip6(src, dst, nh, payload=b"", **f):
    """An IPv6 packet of octets; f: version, tc, label, plen, hlim."""
    first = f.get("version", 6) << 28 | f.get("tc", 0) << 20 | f.get("label", 0)
    return struct.pack("!IHBB", first, f.get("plen", len(payload)), nh, f.get("hlim", 64)) + \
        a6(src) + a6(dst) + payload


def icmp6(src, dst, kind, code, rest, data=b"", chksum=None):
    body = struct.pack("!BBH", kind, code, 0) + rest + data
    if chksum is None:
        chksum = raw.checksum(raw.pseudo(src, dst, ICMP6, len(body)) + body)
    return body[:2] + struct.pack("!H", chksum) + body[4:]


def echo(h, data=b"octets", dst=A6, ident=7, src=None):
    return icmp6(src or h.ip6, dst, 128, 0, struct.pack("!HH", ident, 1), data)


def opts(nh, data=b"\1\4\0\0\0\0"):
    """A Destination Options or Hop-by-Hop header that holds those options."""
    data += b"\0" * (-(len(data) + 2) % 8)
    return bytes([nh, (len(data) + 2) // 8 - 1]) + data


def frag(nh, offset, more, ident):
    return struct.pack("!BBHI", nh, 0, offset | more, ident)


def to(h):
    return lambda p: IPv6 in p and p[IPv6].dst == h.ip6 and p[IPv6].nh != 0 and \
        not 133 <= bytes(p[IPv6])[40] <= 137


def send(h, nh, payload, dst=A6, frame=None, **f):
    h.raw(ip6(f.pop("src", h.ip6), dst, nh, payload, **f), 0x86DD, **(frame or {}))


def body(p):
    """The octets above the IPv6 header (and a Fragment header that D may add)."""
    return bytes(p[IPv6])[40:40 + p[IPv6].plen]


def is_pong(h, ident=7):
    return lambda p: to(h)(p) and p[IPv6].nh == ICMP6 and body(p)[0] == 129 and \
        body(p)[4:6] == struct.pack("!H", ident)


def pong(t, h, ident=7):
    return t.a.expect("an echo reply", is_pong(h, ident))


def is_error(h, kind=None, code=None):
    return lambda p: to(h)(p) and p[IPv6].nh == ICMP6 and body(p)[0] < 128 and \
        (kind is None or body(p)[0] == kind) and (code is None or body(p)[1] == code)


def problem(t, h, code, pointer, timeout=2.0):
    """A Parameter Problem with that code and pointer."""
    p = t.a.expect("a Parameter Problem", is_error(h, 4), timeout)
    assert body(p)[1] == code and struct.unpack("!I", body(p)[4:8])[0] == pointer
    return p


def dropped(t, h, *packets, what="an answer", frame=None):
    def act():
        for p in packets:
            h.raw(p, 0x86DD, **(frame or {}))
    t.silent(what, to(h), act)


# ---- 1: header ----

@cases("version",
       ("IP6-1.01", "SPEC", HEADER, "version 0 under ethertype 0x86dd: discarded", 0),
       ("IP6-1.02", "SPEC", HEADER, "version 4 under ethertype 0x86dd: discarded", 4),
       ("IP6-1.03", "SPEC", HEADER, "version 15: discarded", 15))
def test_version(t, version):
    h = t.host6()
    dropped(t, h, ip6(h.ip6, A6, ICMP6, echo(h), version=version))
    send(h, ICMP6, echo(h))
    pong(t, h)


@cases("fields,frame",
       ("IP6-1.05", "SPEC", "RFC 6437 §2", "flow label 0x34567: accepted", {"label": 0x34567}, {}),
       ("IP6-1.09", "MUST", HEADER, "Echo Request with Hop Limit 0: answered, a destination "
        "should not discard it", {"hlim": 0}, {}))
def test_accepted(t, fields, frame):
    h = t.host6()
    send(h, ICMP6, echo(h), **fields)
    pong(t, h)


@case("IP6-1.07", "SPEC", HEADER)
def test_padding(t):
    """Payload Length smaller than the frame: accepted, padding is not counted."""
    h = t.host6()
    h.raw(ip6(h.ip6, A6, ICMP6, echo(h, b"abc")) + b"padding", 0x86DD)
    assert body(pong(t, h))[8:] == b"abc"


@case("IP6-1.08", "ROBUST", "none")
def test_no_payload(t):
    """Payload Length 0, next header UDP: discarded, no crash."""
    h = t.host6()
    h.raw(ip6(h.ip6, A6, 17, b""), 0x86DD)
    t.alive()


@case("IP6-1.11", "SHOULD", "RFC 8200 §4")
def test_unknown_next_header(t):
    """Next Header 138 and 200: Parameter Problem code 1, pointer 6."""
    h = t.host6()
    for nh in (138, 200):
        send(h, nh, b"12345678")
        problem(t, h, 1, 6)


@case("IP6-1.12", "SPEC", "RFC 8200 §4.7")
def test_no_next_header(t):
    """Next Header 59 after the IPv6 header: no reply, the octets after it are ignored."""
    h = t.host6()
    dropped(t, h, ip6(h.ip6, A6, NONE, echo(h)))


# ---- 2: extension headers ----

def chain(*headers):
    """Headers as (type, function of the next type), then the last: type and octets."""
    nh, payload = headers[-1]
    for kind, make in reversed(headers[:-1]):
        payload = make(nh) + payload
        nh = kind
    return nh, payload


def type0(nh, left=0, kind=0):
    return bytes([nh, 2, kind, left, 0, 0, 0, 0]) + a6("fd00:1::9999")


@cases("headers",
       ("IP6-2.01", "MUST", ORDER, "Destination Options, then Routing (segments left 0), then "
        "Echo: processed, answered", ((DSTOPTS, opts), (ROUTING, lambda nh: type0(nh, 0, 33)))),
       ("IP6-2.03", "MUST", ORDER, "Destination Options three times: processed",
        ((DSTOPTS, opts),) * 3),
       ("IP6-3.01", "SPEC", OPTIONS, "Pad1 in Destination Options: ignored, answered",
        ((DSTOPTS, lambda nh: opts(nh, bytes(6))),)),
       ("IP6-3.02", "SPEC", OPTIONS, "PadN of several lengths in Destination Options: ignored",
        ((DSTOPTS, lambda nh: opts(nh, b"\1\0\1\2\0\0" + b"\1\x0e" + bytes(14))),)),
       ("IP6-3.03", "SPEC", "RFC 8200 §4.3", "Pad1 and PadN in Hop-by-Hop: ignored, answered",
        ((HOPOPTS, lambda nh: opts(nh, b"\0\1\3\0\0\0")),)),
       ("IP6-3.04", "MUST", OPTIONS, "unknown option 00 in Destination Options: skipped, answered",
        ((DSTOPTS, lambda nh: opts(nh, b"\x3e\4\1\2\3\4")),)),
       ("IP6-4.01", "MUST", "RFC 8200 §4.4", "unknown routing type 33, segments left 0: ignored, "
        "answered", ((ROUTING, lambda nh: type0(nh, 0, 33)),)),
       ("IP6-4.03", "MUST", "RFC 5095 §3", "routing type 0, segments left 0: ignored like an "
        "unknown type, answered", ((ROUTING, type0),)),
       ("IP6-5.17", "SPEC", FRAGMENT, "atomic fragment (offset 0, M 0): processed as a whole",
        ((FRAG, lambda nh: frag(nh, 0, 0, 77)),)))
def test_chain(t, headers):
    h = t.host6()
    send(h, *chain(*headers, (ICMP6, echo(h))))
    pong(t, h)


@cases("headers,pointer",
       ("IP6-2.06", "SHOULD", "RFC 8200 §4", "unknown Next Header in Hop-by-Hop: Parameter "
        "Problem code 1, pointer 40", ((HOPOPTS, opts),), 40),
       ("IP6-2.07", "SHOULD", "RFC 8200 §4", "unknown Next Header in Destination Options: "
        "Parameter Problem code 1, pointer 40", ((DSTOPTS, opts),), 40),
       ("IP6-2.08", "SHOULD", "RFC 8200 §4", "unknown Next Header in a Fragment header: Parameter "
        "Problem code 1, the right pointer", ((FRAG, lambda nh: frag(nh, 0, 0, 78)),), 40))
def test_unknown_in_header(t, headers, pointer):
    h = t.host6()
    send(h, *chain(*headers, (138, b"12345678")))
    problem(t, h, 1, pointer)


@case("IP6-2.10", "SPEC", "RFC 8200 §4.7")
def test_no_next_header_in_options(t):
    """Next Header 59 in Destination Options: no reply, the rest is ignored."""
    h = t.host6()
    dropped(t, h, ip6(h.ip6, A6, *chain((DSTOPTS, opts), (NONE, echo(h)))))


@cases("header",
       ("IP6-2.11", "ROBUST", "none", "Hdr Ext Len runs past the packet: discarded",
        b"\x3a\xff" + bytes(6)),
       ("IP6-3.15", "ROBUST", "none", "option length runs past the header: discarded",
        b"\x3a\0\x3e\x20\0\0\0\0"))
def test_bad_length(t, header):
    h = t.host6()
    send(h, DSTOPTS, header + echo(h))
    t.alive()
    assert not t.a.seen(is_pong(h))


@case("IP6-2.12", "ROBUST", "none")
def test_long_chain(t):
    """A chain of 100 empty Destination Options headers: answered or dropped, no crash."""
    h = t.host6()
    send(h, *chain(*[(DSTOPTS, opts)] * 100, (ICMP6, echo(h))))
    t.alive()


# ---- 3: options ----

@case("IP6-3.07", "MUST", OPTIONS)
def test_option_11(t):
    """Unknown option 11, unicast: discarded, Parameter Problem code 2."""
    h = t.host6()
    send(h, *chain((DSTOPTS, lambda nh: opts(nh, b"\xfe\4\0\0\0\0")), (ICMP6, echo(h))))
    problem(t, h, 2, 42)


def to_all(h, payload, nh, frame=None, **f):
    send(h, nh, payload, "ff02::1", frame or {"dst": "33:33:00:00:00:01"}, **f)


@case("IP6-3.08", "MUST", OPTIONS)
def test_option_10_multicast(t):
    """Unknown option 10, multicast destination: Parameter Problem code 2 all the same."""
    h = t.host6()
    nh, payload = chain((DSTOPTS, lambda nh: opts(nh, b"\xbe\4\0\0\0\0")),
                        (ICMP6, echo(h, dst="ff02::1")))
    to_all(h, payload, nh)
    problem(t, h, 2, 42)


@case("IP6-3.14", "SPEC", OPTIONS)
def test_option_order(t):
    """A known option, then an unknown 10 option: in order, the pointer at the second."""
    h = t.host6()
    send(h, *chain((DSTOPTS, lambda nh: opts(nh, b"\1\2\0\0\xbe\0")), (ICMP6, echo(h))))
    problem(t, h, 2, 46)


# ---- 4: routing header ----

@case("IP6-4.04", "MUST", "RFC 5095 §3")
def test_type0_left(t):
    """Routing type 0, segments left 1: discarded, Parameter Problem code 0; never forwarded."""
    h = t.host6()
    send(h, *chain((ROUTING, lambda nh: type0(nh, 1)), (ICMP6, echo(h))))
    problem(t, h, 0, 42)
    assert not t.a.seen(lambda p: IPv6 in p and p[IPv6].dst == "fd00:1::9999")


@case("IP6-4.05", "MUST", "RFC 8200 §8.4")
def test_no_reversed_route(t):
    """A request with a routing header that D accepted: the reply has none."""
    h = t.host6()
    send(h, *chain((ROUTING, lambda nh: type0(nh, 0, 33)), (ICMP6, echo(h))))
    assert pong(t, h)[IPv6].nh == ICMP6


# ---- 5: fragments ----

PORT = 7600
DATA = bytes(range(1, 249))  # 256 octets with the UDP header


class Pieces:
    def __init__(self, t):
        self.t, self.h = t, t.host6()
        self.s, _ = t.udp(addr="::", port=PORT)
        self.ident = random.Random(self.h.ip6).randrange(1 << 32)

    def udp(self, data=DATA, src=None, dst=A6):
        return raw.udp(src or self.h.ip6, dst, 9, PORT, data)

    def piece(self, start, end, more, payload=None, ident=None, src=None, dst=A6, nh=17,
              before=(), **f):
        payload = self.udp() if payload is None else payload
        kind, octets = chain(*before, (FRAG, lambda _nh: frag(
            nh, start, more, self.ident if ident is None else ident)), (nh, payload[start:end]))
        send(self.h, kind, octets, dst, src=src or self.h.ip6, **f)

    def got(self, data=DATA, timeout=2.0):
        assert self.t.received(self.s, timeout)["data"] == data

    def nothing(self):
        send(self.h, 17, self.udp(b"whole"))
        assert self.t.received(self.s)["data"] == b"whole"


FIRST, LAST = (0, 128, 1), (128, 256, 0)


@case("IP6-5.01", "SPEC", FRAGMENT)
def test_two_fragments(t):
    """Two fragments in order: delivered."""
    f = Pieces(t)
    f.piece(*FIRST)
    f.piece(*LAST)
    f.got()


@cases("other",
       ("IP6-5.04", "SPEC", FRAGMENT, "same ID, different source: not joined", "src"),
       ("IP6-5.05", "SPEC", FRAGMENT, "same ID, different destination: not joined", "dst"),
       ("IP6-5.06", "SPEC", FRAGMENT, "same addresses, different ID: not joined", "ident"))
def test_not_joined(t, other):
    f = Pieces(t)
    value = {"src": t.host6().ip6, "dst": link_local(t), "ident": f.ident ^ 1}[other]
    f.piece(*FIRST)
    f.piece(*LAST, **{other: value})
    f.nothing()
    f.piece(*LAST)
    f.got()


@case("IP6-5.07", "MUST", FRAGMENT, profile="short")
def test_timeout(t):
    """Fragment 0 received, the rest missing: dropped after the timeout (60 s by default), with
    Time Exceeded code 1."""
    f = Pieces(t)
    f.piece(*FIRST)
    t.a.expect("Time Exceeded", is_error(f.h, 3, 1), 5)
    assert t.dut.default("reassembly6") == 60


@case("IP6-5.09", "MUST", FRAGMENT, profile="short")
def test_late_piece(t):
    """The missing piece arrives after the timeout: the packet is not delivered."""
    f = Pieces(t)
    f.piece(*FIRST)
    t.a.expect("Time Exceeded", is_error(f.h, 3, 1), 5)
    f.piece(*LAST)
    f.nothing()


@case("IP6-5.12", "SHOULD", FRAGMENT)
def test_incomplete_chain(t):
    """The first fragment lacks the upper-layer header: dropped, Parameter Problem code 3,
    pointer 0."""
    h = t.host6()
    header = opts(17)
    send(h, FRAG, frag(DSTOPTS, 0, 1, 99) + header)
    problem(t, h, 3, 0)


@case("IP6-5.13", "MUST", FRAGMENT)
def test_overlap(t):
    """Partial overlap: the whole packet is dropped, no ICMP."""
    f = Pieces(t)
    t.silent("an error", is_error(f.h), lambda: (
        f.piece(*FIRST), f.piece(64, 192, 1), f.piece(*LAST)))
    f.nothing()


@case("IP6-5.14", "MUST", FRAGMENT)
def test_late_overlap(t):
    """An overlap arrives after other good fragments: still nothing is delivered."""
    f = Pieces(t)
    f.piece(*LAST)
    f.piece(0, 64, 1)
    f.piece(32, 136, 1)
    f.piece(64, 128, 1)
    f.nothing()


@case("IP6-5.16", "MAY", FRAGMENT)
def test_duplicate(t):
    """An exact duplicate: ignored and the packet delivered once, or all of it dropped."""
    f = Pieces(t)
    f.piece(*FIRST)
    f.piece(*FIRST)
    f.piece(*LAST)
    try:
        f.got(timeout=0.3)
    except DeviceError:
        pass
    f.nothing()


@case("IP6-5.18", "MUST", "RFC 6946 §4")
def test_atomic_beside_others(t):
    """An atomic fragment while others with its ID wait: processed by itself, the others are
    unaffected."""
    f = Pieces(t)
    f.piece(*FIRST)
    whole = f.udp(b"atomic")
    f.piece(0, len(whole), 0, payload=whole)
    f.got(b"atomic")
    f.piece(*LAST)
    f.got()


@case("IP6-5.19", "SPEC", FRAGMENT)
def test_next_header_of_first(t):
    """Next Header differs between fragments: the one of the offset-0 fragment is used."""
    f = Pieces(t)
    f.piece(*FIRST)
    f.piece(*LAST, nh=6)
    f.got()


@case("IP6-5.20", "SPEC", FRAGMENT)
def test_headers_of_first(t):
    """Different headers before the Fragment header: those of the offset-0 fragment are kept."""
    f = Pieces(t)
    f.piece(*FIRST)
    f.piece(*LAST, before=((DSTOPTS, opts),))
    f.got()


@case("IP6-5.22", "SPEC", FRAGMENT)
def test_largest(t):
    """65 535 octets of payload in fragments: delivered, or dropped cleanly."""
    f = Pieces(t)
    data = random.Random(5).randbytes(65535 - 8)
    payload = f.udp(data)
    for at in range(0, len(payload), 1448):
        f.piece(at, at + 1448, int(at + 1448 < len(payload)), payload=payload)
    try:
        f.got(data)
    except DeviceError:
        f.nothing()


@case("IP6-5.23", "MUST", "RFC 3168 §5.3")
def test_congestion(t):
    """CE on one fragment, ECT on the other: CE on the whole, or dropped."""
    f = Pieces(t)
    f.piece(*FIRST, tc=2)
    f.piece(*LAST, tc=3)
    try:
        answer = t.received(f.s, 0.3)
    except DeviceError:
        return
    assert answer.get("tos", 3) & 3 == 3


def sent_fragments(t, h, size=4000):
    s, _ = t.udp(addr="::")
    t.call("udp_send", h=s, addr=h.ip6, port=9, fill=size)
    found = []
    while not found or found[-1][IPv6ExtHdrFragment].m:
        found.append(t.a.expect("a fragment", lambda p: IPv6ExtHdrFragment in p and
                                p[IPv6].dst == h.ip6))
    return found


@case("IP6-5.24", "SPEC", FRAGMENT)
def test_sent(t):
    """D sends 4000 octets of UDP, MTU 1500: fragments of 8-octet multiples, no overlap, one
    fresh ID."""
    h = t.host6()
    found, at = sent_fragments(t, h), 0
    for p in found:
        size = p[IPv6].plen - 8
        assert p[IPv6ExtHdrFragment].offset * 8 == at and p[IPv6].plen + 40 <= 1500
        assert size % 8 == 0 or not p[IPv6ExtHdrFragment].m
        at += size
    assert at == 4008 and len({p[IPv6ExtHdrFragment].id for p in found}) == 1
    assert sent_fragments(t, h)[0][IPv6ExtHdrFragment].id != found[0][IPv6ExtHdrFragment].id


@case("IP6-5.26", "SPEC", "RFC 7739 §5")
def test_identifiers(t):
    """IDs of fragmented packets to several peers: they do not follow from each other."""
    ids = [sent_fragments(t, t.host6())[0][IPv6ExtHdrFragment].id for _ in range(6)]
    steps = {b - a & 0xFFFFFFFF for a, b in zip(ids, ids[1:])}
    assert len(steps) == 5 and max(steps) > 1 << 16


@case("IP6-5.27", "ROBUST", "none")
def test_flood(t):
    """20 000 first fragments: D still answers."""
    h = t.host6()
    head = bytes(h.ether(type=0x86DD))
    t.a.flood(head + ip6(h.ip6, A6, FRAG, frag(17, 0, 1, n) + bytes(64)) for n in range(20000))
    t.alive()


# ---- 6: addresses and scope ----

def link_local(t):
    """The device's link-local address, made from its MAC or learned by asking all nodes."""
    h = t.host6(ip6=f"fe80::{random.randrange(1, 60000):x}", known=False)
    to_all(h, echo(h, dst="ff02::1", src=h.ip6), ICMP6)
    return t.a.expect("an answer of a link-local address", lambda p: IPv6 in p and
                      p[IPv6].src.startswith("fe80") and p[IPv6].dst == h.ip6)[IPv6].src


@case("IP6-6.01", "MUST", "RFC 4291 §2.8")
def test_required_addresses(t):
    """The interface is up: a link-local address, all-nodes and solicited-node groups."""
    address = link_local(t)
    h = t.host6(known=False)
    for target in (A6, address):
        h.ns(target)
        t.a.expect("an advertisement", lambda p, a=target: IPv6 in p and p[IPv6].nh == ICMP6 and
                   body(p)[0] == 136 and body(p)[8:24] == a6(a))


@cases("src,dst",
       ("IP6-6.02", "MUST", "RFC 4291 §2.5.3", "destination ::1 from the wire: dropped", None,
        "::1"),
       ("IP6-6.04", "MUST", "RFC 4291 §2.5.2", "destination ::: dropped", None, "::"),
       ("IP6-6.05", "MUST", "RFC 4291 §2.7", "source is multicast: dropped, no reply", "ff02::5",
        A6),
       ("IP6-6.06", "MUST", "RFC 4291 §2.7", "destination ff00::1 (reserved scope 0): silently "
        "dropped", None, "ff00::1"))
def test_bad_address(t, src, dst):
    h = t.host6()
    t.silent("an answer", lambda p: IPv6 in p and p[IPv6].nh == ICMP6 and body(p)[0] == 129,
             lambda: send(h, ICMP6, echo(h, dst=dst, src=src), dst, src=src or h.ip6))


@case("IP6-6.07", "SPEC", "RFC 4291 §2.7")
def test_all_nodes(t):
    """Destination ff02::1: accepted."""
    h = t.host6()
    to_all(h, echo(h, dst="ff02::1"), ICMP6)
    pong(t, h)


@case("IP6-6.09", "SPEC", "RFC 4291 §2.5.6")
def test_link_local_echo(t):
    """Echo Request between link-local addresses: answered from the link-local address."""
    address = link_local(t)
    h = t.host6(ip6="fe80::7777", known=False)
    send(h, ICMP6, echo(h, dst=address), address)
    assert pong(t, h)[IPv6].src == address


# ---- 7: source address selection ----

@case("IP6-7.02", "SPEC", "RFC 6724 §5 rule 2")
def test_source_for_link_local(t):
    """Link-local and global addresses, link-local destination: link-local source."""
    h = t.host6(ip6="fe80::7778", known=False)
    to_all(h, echo(h, dst="ff02::1"), ICMP6)
    assert pong(t, h)[IPv6].src.startswith("fe80")


@case("IP6-7.03", "SPEC", "RFC 6724 §5 rule 2")
def test_source_for_global(t):
    """Global destination: global source."""
    h = t.host6()
    t.sends(h)
    assert t.a.expect("the datagram", lambda p: UDP in p and IPv6 in p and
                      p[IPv6].dst == h.ip6)[IPv6].src == A6


# ---- 8: path MTU ----

def too_big(t, *mtus):
    """D sends to a host, which answers with Packet Too Big; the largest packet of what D sends
    next."""
    h = t.host6()
    s, _ = t.udp(addr="::", raddr=h.ip6, rport=9)
    for mtu in mtus:
        datagram(t, s)
        p = t.a.expect("a datagram", lambda p: IPv6 in p and p[IPv6].dst == h.ip6 and
                       p[IPv6].nh in (17, 44))
        send(h, ICMP6, icmp6(h.ip6, A6, 2, 0, struct.pack("!I", mtu), bytes(p[IPv6])[:600]))
        t.alive()
        t.a.skip()
    return h, s


def datagram(t, s):
    for _ in range(2):  # what ICMP told may be reported by the first
        try:
            t.call("udp_send", h=s, fill=1400)
            return
        except DeviceError as e:
            assert str(e) == "EMSGSIZE"


def largest(t, h, s):
    mark = t.a.mark()
    datagram(t, s)
    t.alive()
    sizes = [p[IPv6].plen + 40 for p in t.a.seen(to(h), mark)]
    assert sizes
    return max(sizes)


@cases("mtus,low,high",
       ("IP6-8.03", "MUST", "RFC 8201 §4", "Packet Too Big 1279: the estimate is not below 1280",
        (1279,), 1272, 1500),
       ("IP6-8.04", "MUST", "RFC 8201 §4", "Packet Too Big 56: discarded, or 1280 at the least",
        (56,), 1272, 1500),
       ("IP6-8.05", "MUST", "RFC 8201 §4", "Packet Too Big above the estimate: not raised",
        (1300, 1450), 1200, 1300),
       ("IP6-8.06", "MUST", "RFC 8201 §4", "after Packet Too Big: no larger packet soon (five "
        "minutes; here at once)", (1300,), 1200, 1300))
def test_too_big(t, mtus, low, high):
    h, s = too_big(t, *mtus)
    assert low <= largest(t, h, s) <= high


# ---- 9: flow label, upper layer ----

@case("IP6-9.01", "MUST", "RFC 8200 §8.1")
def test_udp_without_checksum(t):
    """UDP with checksum 0: discarded."""
    f = Pieces(t)
    send(f.h, 17, raw.udp(f.h.ip6, A6, 9, PORT, b"bad", chksum=0))
    f.nothing()


@case("IP6-9.02", "MUST", "RFC 8200 §8.1")
def test_checksums(t):
    """UDP, TCP and ICMPv6 of D: the checksum covers the IPv6 pseudo-header."""
    h = t.host6()
    t.sends(h)
    t.call("tcp_connect", addr=h.ip6, port=99)
    send(h, ICMP6, echo(h))
    pong(t, h)
    found = t.a.seen(lambda p: IPv6 in p and p[IPv6].dst == h.ip6)
    assert {p[IPv6].nh for p in found} >= {6, 17, ICMP6}
    for p in found:
        assert raw.checksum(raw.pseudo(p[IPv6].src, h.ip6, p[IPv6].nh, len(body(p))) +
                            body(p)) == 0


@case("IP6-9.03", "SPEC", "RFC 6437 §3")
def test_flow_label(t):
    """D opens a TCP connection: the flow label is constant for the connection."""
    from peer import Peer
    c = Peer(t, v6=True).open_active()
    c.works()
    c.close()
    assert len({p[IPv6].fl for p in t.a.seen(c.mine)}) == 1


# ---- 10: forwarding ----

@case("IP6-10.01", "MUST", HEADER, profile="router")
def test_forwarded(t):
    """Hop Limit 64: forwarded with 63."""
    h, other = t.host6(), t.host6(port=1)
    send(h, ICMP6, echo(h, dst=other.ip6), other.ip6)
    p = t.b.expect("the packet", lambda p: IPv6 in p and p[IPv6].dst == other.ip6 and
                   p[IPv6].nh == ICMP6 and body(p)[0] == 128)
    assert p[IPv6].hlim == 63 and p[Ether].dst == other.mac


@cases("fields,dst",
       ("IP6-10.03", "MUST", HEADER, "Hop Limit 0: discarded, not forwarded", {"hlim": 0}, None),
       ("IP6-10.06", "MUST", "RFC 4291 §2.5.2", "transit source ::: never forwarded",
        {"src": "::"}, None),
       ("IP6-10.07", "MUST", "RFC 4291 §2.5.3", "transit destination ::1: never forwarded", {},
        "::1"),
       ("IP6-10.10", "MUST", "RFC 4291 §2.7", "multicast with link-local scope: not forwarded", {},
        "ff02::1:2"),
       profile="router")
def test_not_forwarded(t, fields, dst):
    h, other = t.host6(), t.host6(port=1)
    dst = dst or other.ip6
    frame = {"dst": "33:33:00:01:00:02"} if dst.startswith("ff") else {}
    send(h, ICMP6, echo(h, b"bad", dst, src=fields.get("src")), dst, frame, **fields)
    send(h, ICMP6, echo(h, b"good", other.ip6), other.ip6)
    p = t.b.expect("the good packet", lambda p: IPv6 in p and p[IPv6].nh == ICMP6 and
                   body(p)[0] == 128)
    assert body(p)[8:] == b"good"


@case("IP6-10.11", "MUST", "RFC 4291 §2.6.1", profile="router")
def test_router_anycast(t):
    """A packet to the Subnet-Router anycast address: accepted by the router."""
    h = t.host6()
    send(h, ICMP6, echo(h, dst="fd00:1::"), "fd00:1::")
    pong(t, h)


@case("IP6-10.14", "SPEC", "RFC 4291 §2.3", profile="router")
def test_longest_match(t):
    """Overlapping prefixes: the longest match."""
    h, wide, narrow = t.host6(), t.host6(port=1), t.host6(port=1)
    t.dut.route("add", "2001:db8::/32", via=wide.ip6, port=1)
    t.dut.route("add", "2001:db8:1::/48", via=narrow.ip6, port=1)
    for dst, gateway in (("2001:db8:1::5", narrow), ("2001:db8:2::5", wide)):
        send(h, ICMP6, echo(h, dst=dst), dst)
        p = t.b.expect("the packet", lambda p, d=dst: IPv6 in p and p[IPv6].dst == d)
        assert p[Ether].dst == gateway.mac
