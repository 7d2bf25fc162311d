# SPDX-License-Identifier: BSD-3-Clause
"""ICMPv6: RFC 4443."""

import random
import struct
import time

from scapy.layers.inet import TCP
from scapy.layers.inet6 import IPv6

import raw
from case import case, cases
from dut import A6
from test_ip6 import (DSTOPTS, FRAG, ICMP6, body, chain, echo, frag, icmp6, ip6, is_error,
                      link_local, opts, pong, problem, send, to, to_all, type0)
from wire import BROADCAST


def closed(h, data=b"nobody reads this", dst=A6, src=None):
    return raw.udp(src or h.ip6, dst, 4444, 5555, data)


def unreachable(t, h, data=b"nobody reads this"):
    send(h, 17, closed(h, data))
    return t.a.expect("an error", is_error(h, 1))


# ---- 1: general ----

@case("ICMP6-1.01", "MUST", "RFC 4443 §2.4 (b)")
def test_unknown_informational(t):
    """Informational type 200: silently discarded."""
    h = t.host6()
    t.silent("an answer", to(h), lambda: send(h, ICMP6, icmp6(h.ip6, A6, 200, 0, bytes(4))))


@case("ICMP6-1.03", "SPEC", "RFC 4443 §2.3")
def test_bad_checksum(t):
    """Wrong ICMPv6 checksum: discarded."""
    h = t.host6()
    t.silent("an answer", to(h), lambda: send(
        h, ICMP6, icmp6(h.ip6, A6, 128, 0, bytes(4), b"x", chksum=0x1234)))


@case("ICMP6-1.05", "MUST", "RFC 4443 §2.4 (c)")
def test_quote_of_large(t):
    """An error about a 1500-octet packet: at most 1280 octets, with as much as fits."""
    h = t.host6()
    p = unreachable(t, h, bytes(1452))
    assert p[IPv6].plen + 40 == 1280


@case("ICMP6-1.06", "MUST", "RFC 4443 §2.4 (c)")
def test_quote_of_small(t):
    """An error about a 60-octet packet: all of it is quoted."""
    h = t.host6()
    sent = ip6(h.ip6, A6, 17, closed(h, b"twelve bytes"))
    h.raw(sent, 0x86DD)
    assert body(t.a.expect("an error", is_error(h, 1)))[8:] == sent


@case("ICMP6-1.07", "SPEC", "RFC 4443 §3.1")
def test_unused(t):
    """Any error: the unused field is 0."""
    h = t.host6()
    assert body(unreachable(t, h))[4:8] == bytes(4)


@case("ICMP6-1.09", "MUST", "RFC 4443 §2.2 (b)")
def test_source_of_error(t):
    """An error for a packet to multicast: its source is a unicast address of D."""
    h = t.host6()
    nh, payload = chain((DSTOPTS, lambda nh: opts(nh, b"\xbe\4\0\0\0\0")),
                        (ICMP6, echo(h, dst="ff02::1")))
    to_all(h, payload, nh)
    p = t.a.expect("an error", is_error(h, 4))
    assert p[IPv6].src == A6 or p[IPv6].src.startswith("fe80")


@case("ICMP6-1.11", "SPEC", "RFC 4443 §2.4 (d)")
def test_short_quote(t):
    """An error whose quote is too short to find the transport: silently dropped."""
    h = t.host6()

    def act():
        for n in range(0, 44, 7):
            send(h, ICMP6, icmp6(h.ip6, A6, 1, 4, bytes(4), ip6(A6, h.ip6, 17, bytes(8))[:n]))
    t.silent("an answer", to(h), act)


def reported(t, kind, code, rest=bytes(4), timeout=2.0):
    h = t.host6()
    s, _ = t.udp(addr="::", raddr=h.ip6, rport=9, errors=True)
    t.call("udp_send", h=s, data=b"x")
    p = t.a.expect("the datagram", lambda p: IPv6 in p and p[IPv6].dst == h.ip6 and
                   p[IPv6].nh == 17)
    send(h, ICMP6, icmp6(h.ip6, A6, kind, code, rest, bytes(p[IPv6])))
    return t.call("udp_error", h=s, timeout=timeout)["reported"]


@case("ICMP6-1.02", "MUST", "RFC 4443 §2.4 (a)")
def test_unknown_error(t):
    """An error of the unknown type 100 that quotes D's UDP packet: passed to the upper layer."""
    assert reported(t, 100, 0, timeout=0.5)


# ---- 2: when no error may be sent ----

@cases("make",
       ("ICMP6-2.01", "MUST", "RFC 4443 §2.4 (e.1)", "Destination Unreachable in a packet with an "
        "unknown option 10: no error", lambda h: icmp6(h.ip6, A6, 1, 0, bytes(4), bytes(48))),
       ("ICMP6-2.04", "MUST", "RFC 4443 §2.4 (e.2)", "Redirect in a packet with an unknown option "
        "10: no error", lambda h: icmp6(h.ip6, A6, 137, 0, bytes(4), bytes(32))))
def test_no_error_about_errors(t, make):
    h = t.host6()
    nh, payload = chain((DSTOPTS, lambda nh: opts(nh, b"\xbe\4\0\0\0\0")), (ICMP6, make(h)))
    t.silent("an error", is_error(h), lambda: send(h, nh, payload))


@case("ICMP6-2.06", "MUST", "RFC 4443 §2.4 (e.3)", profile="short")
def test_no_time_exceeded_for_multicast(t):
    """Incomplete fragments to ff02::1: no Time Exceeded."""
    h, other = t.host6(), t.host6()
    to_all(h, frag(17, 0, 1, 5) + bytes(64), FRAG)
    send(other, FRAG, frag(17, 0, 1, 6) + bytes(64))
    t.a.expect("the other's Time Exceeded", is_error(other, 3, 1), 5)
    time.sleep(0.1)
    t.alive()
    assert not t.a.seen(is_error(h))


@case("ICMP6-2.07", "MUST", "RFC 4443 §2.4 (e.3)")
def test_option_problem_for_multicast(t):
    """Unknown option 10 to ff02::1: Parameter Problem code 2 is sent, the exception."""
    h = t.host6()
    nh, payload = chain((DSTOPTS, lambda nh: opts(nh, b"\xbe\4\0\0\0\0")),
                        (ICMP6, echo(h, dst="ff02::1")))
    to_all(h, payload, nh)
    problem(t, h, 2, 42)


@cases("mac",
       ("ICMP6-2.08", "MUST", "RFC 4443 §2.4 (e.4)", "UDP to a closed port, unicast IP in a "
        "link-layer multicast frame: no error", "33:33:00:00:00:01"),
       ("ICMP6-2.09", "MUST", "RFC 4443 §2.4 (e.5)", "UDP to a closed port, unicast IP in a "
        "link-layer broadcast frame: no error", BROADCAST))
def test_no_error_for_link_multicast(t, mac):
    h = t.host6()
    t.silent("an error", is_error(h), lambda: send(h, 17, closed(h), frame={"dst": mac}))


@case("ICMP6-2.10", "MUST", "RFC 4443 §2.4 (e.6)")
def test_no_error_to_nobody(t):
    """UDP to a closed port from ::: no error."""
    h = t.host6()
    t.silent("an error", lambda p: IPv6 in p and p[IPv6].dst == "::",
             lambda: send(h, 17, closed(h, src="::"), src="::"))


@case("ICMP6-2.13", "MUST", "RFC 4443 §2.4 (f)", profile="limits")
def test_rate(t):
    """1000 faulty packets at once: errors are limited; a burst of some is still answered."""
    h = t.host6()
    frame = bytes(h.ether(type=0x86DD)) + ip6(h.ip6, A6, 17, closed(h))
    for _ in range(4):
        t.a.flood(frame for _ in range(250))
        t.alive()
    count = len(t.a.seen(is_error(h, 1)))
    assert 5 <= count < 900


@case("ICMP6-2.14", "SHOULD", "RFC 4443 §2.4 (f)")
def test_rate_is_configured(t):
    """The limiter's parameters are changed (no limit here): observed."""
    h = t.host6()
    frame = bytes(h.ether(type=0x86DD)) + ip6(h.ip6, A6, 17, closed(h))
    t.a.flood(frame for _ in range(200))
    t.alive()
    assert len(t.a.seen(is_error(h, 1))) >= 190


# ---- 3: echo ----

@case("ICMP6-3.02", "MUST", "RFC 4443 §4.2")
def test_echo_large(t):
    """1452 data octets: all returned."""
    h = t.host6()
    data = random.Random(3).randbytes(1452)
    send(h, ICMP6, echo(h, data))
    assert body(pong(t, h))[8:] == data


@case("ICMP6-3.03", "MUST", "RFC 4443 §4.2")
def test_echo_fragments(t):
    """5000 data octets in fragments: all returned."""
    h = t.host6()
    data = random.Random(4).randbytes(5000)
    request = echo(h, data)
    for at in range(0, len(request), 1448):
        send(h, FRAG, frag(ICMP6, at, int(at + 1448 < len(request)), 55) + request[at:at + 1448])
    reply = bytearray()
    while True:
        p = t.a.expect("a fragment", lambda p: IPv6 in p and p[IPv6].dst == h.ip6 and
                       p[IPv6].nh == FRAG)
        word = struct.unpack("!H", body(p)[2:4])[0]
        assert word & ~7 == len(reply)
        reply += body(p)[8:]
        if not word & 1:
            break
    assert reply[0] == 129 and reply[8:] == data


@case("ICMP6-3.04", "MUST", "RFC 4443 §4.2")
def test_echo_global(t):
    """Request to a global address: the reply's source is that address."""
    h = t.host6()
    send(h, ICMP6, echo(h))
    assert pong(t, h)[IPv6].src == A6


@case("ICMP6-3.05", "MUST", "RFC 4443 §4.2")
def test_echo_link_local(t):
    """Request to a link-local address: the reply's source is that address."""
    address = link_local(t)
    h = t.host6(ip6="fe80::7779", known=False)
    send(h, ICMP6, echo(h, dst=address), address)
    assert pong(t, h)[IPv6].src == address


@case("ICMP6-3.06", "SHOULD", "RFC 4443 §4.2")
def test_echo_all_nodes(t):
    """Request to ff02::1: a reply with a unicast source of the receiving interface."""
    h = t.host6()
    to_all(h, echo(h, dst="ff02::1"), ICMP6)
    p = pong(t, h)
    assert p[IPv6].src == A6 or p[IPv6].src.startswith("fe80")


@case("ICMP6-3.07", "SHOULD", "RFC 4443 §4.2", profile="router")
def test_echo_anycast(t):
    """Request to an anycast address of D (Subnet-Router): a unicast source of the interface."""
    h = t.host6()
    send(h, ICMP6, echo(h, dst="fd00:1::"), "fd00:1::")
    assert pong(t, h)[IPv6].src == A6


@case("ICMP6-3.08", "SPEC", "RFC 4443 §4.1")
def test_echo_code(t):
    """Request with code 5: whatever D does, it lives; a reply has code 0."""
    h = t.host6()
    send(h, ICMP6, icmp6(h.ip6, A6, 128, 5, b"\0\7\0\1", b"x"))
    t.alive()
    assert all(body(p)[1] == 0 for p in t.a.seen(to(h)))


@case("ICMP6-3.09", "MUST", "RFC 4291 §2.7")
def test_echo_multicast_source(t):
    """Request from a multicast source: no reply."""
    h = t.host6()
    t.silent("a reply", lambda p: IPv6 in p and p[IPv6].dst == "ff02::5" and body(p)[0] == 129,
             lambda: send(h, ICMP6, echo(h, src="ff02::5"), src="ff02::5"))


# ---- 4: destination unreachable ----

@case("ICMP6-4.01", "SHOULD", "RFC 4443 §3.1")
def test_closed_port(t):
    """UDP to a closed port: code 4."""
    h = t.host6()
    assert body(unreachable(t, h))[1] == 4


@case("ICMP6-4.03", "SPEC", "RFC 9293 §3.10.7.1")
def test_closed_tcp_port(t):
    """TCP SYN to a closed port: RST, not ICMP."""
    h = t.host6()
    h.send(h.ip6h() / TCP(sport=1, dport=2998, flags="S", seq=5))
    p = t.a.expect("an answer", to(h))
    assert TCP in p and "R" in str(p[TCP].flags)


@case("ICMP6-4.06", "MUST", "RFC 4861 §7.2.2", profile="router")
def test_resolution_fails(t):
    """Router, neighbour resolution fails: code 3, address unreachable."""
    h = t.host6()
    dst = "fd00:2::dead"
    send(h, ICMP6, echo(h, dst=dst), dst)
    p = t.a.expect("an error", is_error(h, 1), 6)
    assert body(p)[1] == 3


@case("ICMP6-4.11", "MUST", "RFC 4443 §3.1")
def test_port_unreachable(t):
    """Code 4 for a connected UDP socket: reported."""
    assert reported(t, 1, 4) == "ECONNREFUSED"


@case("ICMP6-4.12", "SPEC", "RFC 5461 §2.1")
def test_soft_errors(t):
    """Codes 0 and 3 for an established TCP connection: not aborted."""
    from peer import Peer
    c = Peer(t, v6=True).open()
    c.dut_send(b"hello")
    p = c.expect("data", c.data)
    for code in (0, 3):
        send(c.h, ICMP6, icmp6(c.h.ip6, A6, 1, code, bytes(4), bytes(p[IPv6])[:65]))
    c.ack_to(p)
    c.works()


# ---- 5 and 6 ----

@case("ICMP6-5.04", "MUST", "RFC 4443 §3.2")
def test_too_big_is_reported(t):
    """Packet Too Big for a UDP socket: reported to the upper layer."""
    assert reported(t, 2, 0, struct.pack("!I", 1280)) == "EMSGSIZE"


@case("ICMP6-6.01", "MUST", "RFC 4443 §3.3", profile="router")
def test_hop_limit(t):
    """Router, Hop Limit 1 or 0: Time Exceeded code 0."""
    h, other = t.host6(), t.host6(port=1)
    for hlim in (1, 0):
        send(h, ICMP6, echo(h, dst=other.ip6), other.ip6, hlim=hlim)
        t.a.expect("Time Exceeded", is_error(h, 3, 0))


@case("ICMP6-6.02", "SHOULD", "RFC 8200 §4.5", profile="short")
def test_reassembly_timeout(t):
    """Reassembly timeout with fragment 0: Time Exceeded code 1."""
    h = t.host6()
    send(h, FRAG, frag(17, 0, 1, 7) + bytes(64))
    t.a.expect("Time Exceeded", is_error(h, 3, 1), 5)


@case("ICMP6-6.03", "MUST", "RFC 4443 §3.3")
def test_time_exceeded_is_passed(t):
    """Time Exceeded received: passed to the upper layer."""
    assert reported(t, 3, 0)


@case("ICMP6-6.04", "SHOULD", "RFC 4443 §3.4")
def test_erroneous_field(t):
    """An erroneous header field (routing type 33, segments left 1): code 0, the pointer at it."""
    h = t.host6()
    send(h, *chain((43, lambda nh: type0(nh, 1, 33)), (ICMP6, echo(h))))
    problem(t, h, 0, 42)


@case("ICMP6-6.07", "SPEC", "RFC 4443 §3.4")
def test_far_pointer(t):
    """An error beyond what fits in 1280 octets: the pointer still names its offset."""
    h = t.host6()
    headers = [(DSTOPTS, lambda nh: opts(nh, b"\x3e\xf6" + bytes(246) + b"\1\4\0\0\0\0"))] * 5
    nh, payload = chain(*headers, (138, bytes(16)))
    send(h, nh, payload)
    problem(t, h, 1, 40 + 4 * 256)
