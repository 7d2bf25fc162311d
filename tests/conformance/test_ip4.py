# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 host: RFC 791, 1122 section 3, 3168, 6864; all but reassembly and options."""

import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

import raw
from case import case, cases
from dut import A4, A4B, B4, BROADCAST4, DeviceError
from wire import BROADCAST, Unanswered

VERSION, CHECKSUM = "RFC 1122 §3.2.1.1", "RFC 1122 §3.2.1.2"
ADDRESS = "RFC 1122 §3.2.1.3"
ECHO = raw.icmp(8, 0, b"\0\7\0\1", b"abcdefgh")


def to(h):
    return lambda p: IP in p and p[IP].dst == h.ip4


def dropped(t, h, packet, **frame):
    t.silent("an answer", to(h), lambda: h.raw(packet, **frame))


# ---- 1: header ----

@cases("payload,fields",
       ("IP4-1.01", "MUST", VERSION, "Echo Request with version 5: silently discarded", ECHO,
        {"version": 5}),
       ("IP4-1.02", "MUST", VERSION, "Echo Request with version 0: silently discarded", ECHO,
        {"version": 0}),
       ("IP4-1.04", "MUST", CHECKSUM, "wrong header checksum: silently discarded", ECHO,
        {"chksum": 0x1234}),
       ("IP4-1.05", "MUST", CHECKSUM, "wrong checksum of a header with options: silently discarded",
        ECHO, {"options": b"\1\1\1\0", "chksum": 0x1234}),
       ("IP4-1.06", "SPEC", "RFC 791 §3.1", "IHL = 4: discarded, not answered", ECHO, {"ihl": 4}),
       ("IP4-1.08", "SPEC", "RFC 791 §3.1", "Total Length = 19: discarded", ECHO, {"len": 19}),
       ("IP4-1.09", "SPEC", "RFC 791 §3.1", "Total Length larger than the frame: discarded", ECHO,
        {"len": 400}))
def test_bad_header(t, payload, fields):
    h = t.host()
    dropped(t, h, raw.ip4(h.ip4, A4, 1, payload, **fields))


@case("IP4-1.10", "SPEC", "RFC 894, RFC 791 §3.1")
def test_padding_is_not_data(t):
    """Total Length smaller than the frame: accepted, and the reply echoes declared data only."""
    h = t.host()
    ident = h.ping(b"abc")
    p = h.pong(ident)
    assert p[IP].len == 31 and bytes(p[ICMP].payload)[:3] == b"abc"


@case("IP4-1.11", "ROBUST", "none")
def test_udp_without_header(t):
    """Total Length = 20, protocol 17, no UDP header: discarded, no crash."""
    h = t.host()
    dropped(t, h, raw.ip4(h.ip4, A4, 17))


@case("IP4-1.12", "ROBUST", "none")
def test_reserved_flag(t):
    """The reserved flag is set: D stays up; if it answers, its answer has the flag clear."""
    h = t.host()
    h.raw(raw.ip4(h.ip4, A4, 1, ECHO, flags=4))
    t.alive()
    assert not [p for p in t.a.seen(to(h)) if p[IP].flags.value & 4]


@cases("tos",
       ("IP4-1.13", "MUST", "RFC 1122 §3.2.1.6", "non-zero TOS: accepted", 0xB8),
       ("IP4-1.14", "SPEC", "RFC 3168 §5", "ECN field = CE: accepted", 0x03))
def test_tos_is_accepted(t, tos):
    h = t.host()
    h.pong(h.ping(b"x", tos=tos))


@case("IP4-1.16", "SPEC", "RFC 791 §3.1")
def test_unknown_protocol_without_payload(t):
    """IHL 5, no payload, unknown protocol 200: Protocol Unreachable or nothing, no crash."""
    h = t.host()
    h.raw(raw.ip4(h.ip4, A4, 200))
    t.alive()
    for p in t.a.seen(to(h)):
        assert (p[ICMP].type, p[ICMP].code) == (3, 2)


# ---- 2: addressing ----

def not_delivered(t, h, act, **where):
    """What act() sends does not reach the socket: the good datagram after it comes first."""
    s, port = t.udp(addr="0.0.0.0", port=7001)
    act(port)
    h.send(h.ip() / UDP(sport=1, dport=port) / b"good")
    assert t.received(s)["data"] == b"good"
    t.silent("an answer", lambda p: ICMP in p and p[ICMP].type != 0)
    return s


@case("IP4-2.04", "MUST", ADDRESS)
def test_group_not_joined(t):
    """UDP to a group that was not joined: silently discarded."""
    h = t.host()
    not_delivered(t, h, lambda port: h.send(h.ip(dst="239.9.9.9") / UDP(sport=1, dport=port) / b"no",
                                            dst="01:00:5e:09:09:09"))


@case("IP4-2.05", "MUST", ADDRESS)
def test_group_joined(t):
    """UDP to a group that was joined: delivered."""
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7002)
    t.call("udp_join", h=s, group="239.9.9.8")
    h.send(h.ip(dst="239.9.9.8") / UDP(sport=1, dport=port) / b"yes", dst="01:00:5e:09:09:08")
    assert t.received(s)["data"] == b"yes"


@cases("source",
       ("IP4-2.07", "MUST", ADDRESS, "source = the subnet's broadcast: silently discarded",
        BROADCAST4),
       ("IP4-2.08", "MUST", ADDRESS, "source = 255.255.255.255: silently discarded",
        "255.255.255.255"),
       ("IP4-2.09", "MUST", ADDRESS, "source = 224.0.0.1: silently discarded", "224.0.0.1"),
       ("IP4-2.10", "MUST", ADDRESS + " (g)", "source = 127.0.0.1 from the wire: silently "
        "discarded", "127.0.0.1"))
def test_bad_source(t, source):
    h = t.host()
    not_delivered(t, h, lambda port: h.send(h.ip(src=source) / UDP(sport=1, dport=port) / b"no"))


@case("IP4-2.11", "MUST", ADDRESS)
def test_source_zero(t):
    """Echo Request with source 0.0.0.0: no reply to 0.0.0.0."""
    h = t.host()
    t.silent("a reply to 0.0.0.0", lambda p: IP in p and p[IP].dst == "0.0.0.0" or
             ARP in p and p[ARP].pdst == "0.0.0.0", lambda: h.ping(b"x", src="0.0.0.0"))


@case("IP4-2.12", "MUST", ADDRESS + " (g)")
def test_destination_loopback(t):
    """Destination 127.0.0.1 from the wire: silently discarded."""
    h = t.host()
    not_delivered(t, h, lambda port: h.send(h.ip(dst="127.0.0.1") / UDP(sport=1, dport=port) /
                                            b"no"))


@case("IP4-2.13", "MUST", ADDRESS + " (g)")
def test_loopback_stays_inside(t):
    """The application sends to 127.0.0.1: nothing on the wire."""
    s, _ = t.udp(addr="0.0.0.0")

    def act():
        try:
            t.call("udp_send", h=s, addr="127.0.0.1", port=9, data=b"x")
        except DeviceError:
            pass  # refused is fine too
    t.silent("a packet to 127.0.0.1", lambda p: IP in p and p[IP].dst.startswith("127.") or
             ARP in p and p[ARP].pdst.startswith("127."), act)


@case("IP4-2.14", "MUST", ADDRESS + " (c)")
def test_broadcast_source_is_refused(t):
    """The application asks for source 255.255.255.255: refused, or not used."""
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0")

    def act():
        try:
            t.call("udp_send", h=s, addr=h.ip4, port=9, data=b"x", **{"from": "255.255.255.255"})
        except DeviceError:
            pass
    t.silent("a broadcast source", lambda p: IP in p and p[IP].src == "255.255.255.255", act)


@case("IP4-2.15", "MUST", ADDRESS)
def test_source_is_ours(t):
    """Datagrams that D originates on both ports: the source is an address of D there."""
    for port, addresses in ((0, (A4, A4B)), (1, (B4,))):
        h = t.host(port=port)
        t.sends(h)
        assert h.link.expect("the datagram", lambda p, h=h: UDP in p and
                             p[IP].dst == h.ip4)[IP].src in addresses


@case("IP4-2.16", "SHOULD", "RFC 1122 §3.3.6")
def test_zeros_broadcast(t):
    """UDP to the all-zeros form of the subnet's broadcast: accepted as a broadcast."""
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7003)
    h.send(h.ip(dst="10.1.0.0") / UDP(sport=1, dport=port) / b"zeros", dst=BROADCAST)
    assert t.received(s, 0.5)["data"] == b"zeros"


@case("IP4-2.17", "SHOULD", "RFC 1122 §3.3.6")
def test_unicast_in_broadcast_frame(t):
    """A broadcast frame with a unicast IP destination: silently discarded."""
    h = t.host()
    t.silent("an answer", to(h), lambda: h.send(h.ip() / ICMP(type=8, id=1) / b"x", dst=BROADCAST))


@case("IP4-2.18", "MUST", "RFC 1122 §3.3.6")
def test_broadcast_frames_carry_broadcasts(t):
    """D sends to its subnet's broadcast, and to a host: only the former is a broadcast frame."""
    h = t.host()
    s, _ = t.udp(addr=A4)
    t.call("udp_send", h=s, addr=BROADCAST4, port=9, data=b"x")
    t.call("udp_send", h=s, addr=h.ip4, port=9, data=b"x")
    t.a.expect("the datagram", lambda p: UDP in p and p[IP].dst == h.ip4)
    for p in t.a.seen(lambda p: IP in p and p[Ether].dst == BROADCAST):
        assert p[IP].dst == BROADCAST4


@case("IP4-2.19", "MAY", "RFC 1122 §3.3.4.2")
def test_other_interface(t):
    """Echo Request on port a for the address of port b: discarded (strong), or answered from
    that address (weak); docs/limits.md and the manual say which."""
    h = t.host()
    h.ping(b"x", dst=B4)
    t.alive()
    assert all(p[IP].src == B4 for p in t.a.seen(to(h)))


@case("IP4-2.20", "SHOULD", "RFC 1122 §3.3.4.3")
def test_reply_from_secondary(t):
    """A request to a secondary address: the reply's source is that address."""
    h = t.host()
    assert h.pong(h.ping(b"x", dst=A4B))[IP].src == A4B


# ---- 3: fragmentation on output ----

@case("IP4-3.01", "SPEC", "RFC 791 §3.2")
def test_fragments_sent(t):
    """4000 octets of UDP, MTU 1500: fragments in multiples of 8 octets without gaps, one ID, MF
    on all but the last."""
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0", df=False)
    t.call("udp_send", h=s, addr=h.ip4, port=9, fill=4000)
    at, idents = 0, set()
    while True:
        p = t.a.expect("a fragment", to(h))
        size = p[IP].len - p[IP].ihl * 4
        assert p[IP].len <= 1500 and p[IP].frag * 8 == at and not p[IP].flags.DF
        idents.add(p[IP].id)
        at += size
        if not p[IP].flags.MF:
            break
        assert size % 8 == 0
    assert at == 4008 and len(idents) == 1


@case("IP4-3.05", "MUST", "RFC 6864 §4.2")
def test_identifiers_are_not_reused(t):
    """10 000 fragmented datagrams to one peer at once: no ID twice."""
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0", df=False)
    got = []
    for _ in range(100):
        t.call("udp_send", h=s, addr=h.ip4, port=9, fill=1500, repeat=100)
        t.alive()
        got += [f.data[18:20] for f in t.a.frames if not f.out and f.data[12:14] == b"\x08\x00" and
                f.data[23] == 17 and f.data[20] & 0x20]
        t.a.start()
    assert len(got) >= 9000 and len(set(got)) == len(got)


@case("IP4-3.06", "MUST", "RFC 6864 §4.1")
def test_identifier_of_atomic_is_ignored(t):
    """Atomic datagrams that all have ID 0: all are accepted."""
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7004)
    for n in range(3):
        h.send(h.ip(id=0, flags="DF") / UDP(sport=1, dport=port) / bytes([n]))
    assert [t.received(s)["data"] for _ in range(3)] == [b"\0", b"\1", b"\2"]


# ---- 5: TTL, TOS ----

@case("IP4-5.01", "MUST", "RFC 1122 §3.2.1.7")
def test_ttl_is_not_zero(t):
    """An echo reply, a datagram, a SYN and an ICMP error of D: no TTL is 0."""
    h = t.host()
    h.pong(h.ping(b"x", ttl=1))
    t.sends(h)
    t.call("tcp_connect", addr=h.ip4, port=99)
    t.a.expect("a SYN", lambda p: TCP in p and p[IP].dst == h.ip4)
    h.send(h.ip(ttl=1) / UDP(sport=1, dport=1) / b"x")
    t.a.expect("an error", lambda p: ICMP in p and p[ICMP].type == 3)
    assert all(p[IP].ttl > 0 for p in t.a.seen(to(h)))


@cases("ttl",
       ("IP4-5.02", "MUST", "RFC 1122 §3.2.1.7", "Echo Request with TTL 1 to D: answered", 1),
       ("IP4-5.03", "MUST", "RFC 1122 §3.2.1.7", "Echo Request with TTL 0 to D: not discarded "
        "for its TTL", 0))
def test_received_ttl(t, ttl):
    h = t.host()
    h.pong(h.ping(b"x", ttl=ttl))


def syn(t, h, **options):
    t.call("tcp_connect", addr=h.ip4, port=99, **options)
    return t.a.expect("a SYN", lambda p: TCP in p and p[IP].dst == h.ip4)


@case("IP4-5.04", "MUST", "RFC 1122 §3.2.1.7")
def test_ttl_set(t):
    """A socket sets TTL 7: 7 on the wire."""
    assert syn(t, t.host(), ttl=7)[IP].ttl == 7


@case("IP4-5.05", "MUST", "RFC 1122 §3.2.1.7")
def test_default_ttl(t):
    """The configured default TTL: used for TCP, UDP and ICMP alike."""
    h = t.host()
    t.sends(h)
    ttls = {syn(t, h)[IP].ttl, h.pong(h.ping())[IP].ttl}
    ttls |= {p[IP].ttl for p in t.a.seen(lambda p: UDP in p and p[IP].dst == h.ip4)}
    assert ttls == {t.dut.default("ttl")}


@case("IP4-5.06", "MUST", "RFC 1122 §3.2.1.6")
def test_tos_set(t):
    """A socket sets TOS 0xb8: 0xb8 on the wire; without it 0."""
    assert syn(t, t.host(), tos=0xB8)[IP].tos == 0xB8
    assert syn(t, t.host())[IP].tos == 0


@case("IP4-5.07", "SHOULD", "RFC 1122 §3.2.1.6")
def test_tos_received(t):
    """TOS 0xb8 received: the application can read it."""
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7005)
    h.send(h.ip(tos=0xB8) / UDP(sport=1, dport=port) / b"x")
    assert t.received(s).get("tos") == 0xB8


# ---- 7: routing on output ----

@case("IP4-7.01", "MUST", "RFC 1122 §3.3.1.1")
def test_connected_is_direct(t):
    """A destination on the connected subnet: the frame goes to its MAC address."""
    h = t.host()
    t.sends(h)
    assert t.a.expect("the datagram", lambda p: UDP in p and p[IP].dst == h.ip4)[Ether].dst == h.mac


FAR = "198.51.100.7"


def far(t, data=b"x"):
    s, _ = t.udp(addr="0.0.0.0")
    t.call("udp_send", h=s, addr=FAR, port=9, data=data)
    return s


@case("IP4-7.02", "MUST", "RFC 1122 §3.3.1.1")
def test_elsewhere_goes_to_gateway(t):
    """A destination elsewhere: the frame goes to the gateway."""
    g = t.gateway()
    far(t)
    assert t.a.expect("the datagram", lambda p: UDP in p and p[IP].dst == FAR)[Ether].dst == g.mac


@case("IP4-7.03", "MUST", "RFC 1122 §3.3.1.2", profile="gateways")
def test_two_gateways(t):
    """Two default gateways, of which the first does not answer: the second is used."""
    other = t.host(ip4="10.1.255.2")
    deadline(t, other)


@case("IP4-7.04", "MUST", "RFC 1122 §3.3.1.4", profile="gateways")
def test_dead_gateway(t):
    """The gateway in use stops answering: detected, and traffic goes to the other one."""
    both = {g.mac: g for g in (t.host(ip4="10.1.255.1"), t.host(ip4="10.1.255.2"))}
    far(t)
    first = both[t.a.expect("a datagram", lambda p: UDP in p and p[IP].dst == FAR)[Ether].dst]
    first.answers = False
    other = [g for g in both.values() if g is not first][0]
    deadline(t, other)


def deadline(t, gateway):
    """Traffic reaches that gateway within 10 s."""
    s, _ = t.udp(addr="0.0.0.0")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            t.call("udp_send", h=s, addr=FAR, port=9, data=b"x")
        except DeviceError:
            pass  # what the dead gateway caused
        try:
            if t.a.expect("a datagram", lambda p: UDP in p and p[IP].dst == FAR,
                          0.2)[Ether].dst == gateway.mac:
                return
        except Unanswered:
            pass
    pytest.fail("within 10 s nothing went by the other gateway")


@case("IP4-7.05", "SPEC", "RFC 1122 §3.3.1", profile="lonely")
def test_no_route(t):
    """No route at all: a local error, nothing is sent."""
    s, _ = t.udp(addr="0.0.0.0")

    def act():
        with pytest.raises(DeviceError):
            t.call("udp_send", h=s, addr=FAR, port=9, data=b"x")
    t.silent("anything for that host", lambda p: UDP in p and p[IP].dst == FAR or
             ARP in p and p[ARP].pdst == FAR, act)


@case("IP4-7.06", "MUST", "RFC 1122 §3.1")
def test_host_does_not_forward(t):
    """Host role, a packet for another host arrives: not forwarded, gateways default to off."""
    h, other = t.host(), t.host(port=1)
    t.silent("the packet of another", lambda p: UDP in p and p[IP].dst == other.ip4,
             lambda: h.send(IP(src=h.ip4, dst=other.ip4) / UDP(sport=1, dport=2) / b"x"))
