# SPDX-License-Identifier: BSD-3-Clause
"""UDP: RFC 768, 1122 section 4.1, 6633."""

import random

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.inet6 import UDP as UDP6

import raw
from case import case, cases
from dut import A4, A4B, B4, DeviceError
from test_icmp4 import quench, reported

PORT = 7400


def bound(t, **args):
    s, _ = t.udp(addr="0.0.0.0", port=PORT, **args)
    return t.host(), s


def datagram(h, data, **f):
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 9, PORT, data, **f)))


def to(h):
    return lambda p: IP in p and p[IP].dst == h.ip4


# ---- 1: format ----

@cases("data",
       ("UDP-1.01", "SPEC", "RFC 768", "datagram to a bound port: data delivered, its length = UDP "
        "length - 8", b"0123456789"),
       ("UDP-1.02", "SPEC", "RFC 768", "no data octets: delivered as an empty datagram", b""),
       ("UDP-1.03", "SPEC", "RFC 768", "odd length: checksum right, delivered", b"abc"))
def test_delivered(t, data):
    h, s = bound(t)
    datagram(h, data)
    answer = t.received(s)
    assert (answer["data"], answer["addr"], answer["port"]) == (data, h.ip4, 9)


@cases("packet",
       ("UDP-1.04", "SPEC", "RFC 768", "UDP length 7: discarded",
        lambda h: raw.udp(h.ip4, A4, 9, PORT, b"bad", length=7)),
       ("UDP-1.07", "ROBUST", "none", "IP payload shorter than 8 octets: discarded",
        lambda h: raw.udp(h.ip4, A4, 9, PORT, b"")[:6]),
       ("UDP-2.01", "MUST", "RFC 1122 §4.1.3.4", "wrong checksum: silently discarded",
        lambda h: raw.udp(h.ip4, A4, 9, PORT, b"bad", chksum=0x1234)))
def test_discarded(t, packet):
    h, s = bound(t)
    t.silent("an answer", to(h), lambda: h.raw(raw.ip4(h.ip4, A4, 17, packet(h))))
    datagram(h, b"good")
    assert t.received(s)["data"] == b"good"


@case("UDP-1.08", "SPEC", "RFC 768")
def test_largest(t):
    """65 507 data octets in fragments: delivered."""
    h, s = bound(t)
    data = random.Random(1).randbytes(65507)
    payload = raw.udp(h.ip4, A4, 9, PORT, data)
    for p in raw.fragments(h.ip4, A4, 17, payload, range(0, len(payload), 1480), 99):
        h.raw(p)
    assert t.received(s)["data"] == data


@case("UDP-1.10", "SPEC", "RFC 768")
def test_port_zero(t):
    """Destination port 0: not delivered, no crash."""
    h, s = bound(t)
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 9, 0, b"bad")))
    datagram(h, b"good")
    assert t.received(s)["data"] == b"good"


# ---- 2: checksum ----

def sent(t, h, data=b"checksum", socket=None, **args):
    s = socket if socket is not None else t.udp(addr="0.0.0.0")[0]
    t.call("udp_send", h=s, addr=h.ip4, port=9, data=data, **args)
    return t.a.expect("the datagram", lambda p: UDP in p and to(h)(p))


@case("UDP-2.04", "MUST", "RFC 1122 §4.1.3.4")
def test_checksum_sent(t):
    """D sends with default settings: a right checksum, of even and odd lengths."""
    h = t.host()
    for data in (b"", b"a", b"ab", bytes(1001)):
        p = sent(t, h, data)
        body = bytes(p[IP])[20:p[IP].len]
        assert p[UDP].chksum != 0
        assert raw.checksum(raw.pseudo(p[IP].src, h.ip4, 17, len(body)) + body) == 0


@case("UDP-2.07", "MAY", "RFC 1122 §4.1.3.4")
def test_checksum_off(t):
    """The application turns the checksum off: 0 is sent."""
    s, _ = t.udp(addr="0.0.0.0", checksum=False)
    assert sent(t, t.host(), socket=s)[UDP].chksum == 0


# ---- 3: demultiplexing, addresses ----

@case("UDP-3.01", "SHOULD", "RFC 1122 §4.1.3.1")
def test_closed_port(t):
    """Closed port, unicast: Port Unreachable."""
    h = t.host()
    h.send(h.ip() / UDP(sport=1, dport=5556) / b"x")
    p = t.a.expect("an error", lambda p: ICMP in p and to(h)(p))
    assert (p[ICMP].type, p[ICMP].code) == (3, 3)


@case("UDP-3.02", "SHOULD", "RFC 4443 §3.1")
def test_closed_port6(t):
    """Closed port, unicast, IPv6: Destination Unreachable code 4."""
    h = t.host6()
    h.send(h.ip6h() / UDP6(sport=1, dport=5556) / b"x")
    p = t.a.expect("an error", lambda p: ICMPv6DestUnreach in p and p[IPv6].dst == h.ip6)
    assert p[ICMPv6DestUnreach].code == 4


@case("UDP-3.06", "MUST", "RFC 1122 §4.1.3.5")
def test_source_is_used(t):
    """The application names a source address: it is used."""
    h = t.host()
    assert sent(t, h, **{"from": A4B})[IP].src == A4B
    s, _ = t.udp(addr=A4B)
    assert sent(t, h, socket=s)[IP].src == A4B


@case("UDP-3.08", "MUST", "RFC 1122 §4.1.3.6")
def test_source_is_ours(t):
    """The application names a source that is not D's: it is not used."""
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0")

    def act():
        try:
            t.call("udp_send", h=s, addr=h.ip4, port=9, data=b"x", **{"from": "10.1.99.99"})
        except DeviceError:
            pass
    t.silent("a foreign source", lambda p: IP in p and p[IP].src not in (A4, A4B, B4), act)


# ---- 4: errors, options ----

@case("UDP-4.01", "MUST", "RFC 1122 §4.1.3.3")
def test_port_unreachable(t):
    """Port Unreachable for a connected socket: reported as a refusal."""
    assert reported(t, 3, 3) == "ECONNREFUSED"


@case("UDP-4.02", "MUST", "RFC 1122 §4.1.3.3")
def test_other_errors(t):
    """Time Exceeded and Parameter Problem: reported."""
    assert reported(t, 11, 0)
    assert reported(t, 12, 0, b"\x14\0\0\0")


@case("UDP-4.03", "MUST", "RFC 6633 §5")
def test_source_quench(t):
    """Source Quench: silently discarded."""
    quench(t)


@case("UDP-4.04", "MUST", "RFC 1122 §4.1.3.2")
def test_options_received(t):
    """IP options on receipt: available to the application."""
    h, s = bound(t)
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 9, PORT, b"x"), b"\x9e\4\1\2"))
    assert bytes.fromhex(t.received(s).get("options", "")) == b"\x9e\4\1\2"


@case("UDP-4.05", "MUST", "RFC 1122 §4.1.3.2")
def test_options_sent(t):
    """The application sets IP options: they are sent."""
    s, _ = t.udp(addr="0.0.0.0", options=b"\7\7\4\0\0\0\0\0")
    p = sent(t, t.host(), socket=s)
    assert bytes(p[IP])[20:22] == b"\7\7"


@case("UDP-4.06", "MUST", "RFC 1122 §4.1.4")
def test_ttl_tos(t):
    """The application sets TTL 9 and TOS 0x28: they are sent."""
    s, _ = t.udp(addr="0.0.0.0", ttl=9, tos=0x28)
    p = sent(t, t.host(), socket=s)
    assert (p[IP].ttl, p[IP].tos) == (9, 0x28)
