# SPDX-License-Identifier: BSD-3-Clause
"""ARP: RFC 826, 894, 1122 section 2.3, 1812 section 3.3.2."""

import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from case import case, cases
from dut import A4, A4B, B4, BROADCAST4
from wire import BROADCAST, ZERO, Unanswered

GENERATION, FORMAT = "RFC 826 Packet Generation", "RFC 826 Packet Format"
RECEPTION = "RFC 826 Packet Reception"
ASKED = "D must send to an on-link host with no cache entry: "


def is_reply(p):
    return ARP in p and p[ARP].op == 2


def to_host(h):
    return lambda p: UDP in p and p[IP].dst == h.ip4


def asked_for(t, h):
    t.sends(h)
    return h.link.expect(f"an ARP request for {h.ip4}", h.is_arp_request)


def uses(t, h, mac):
    """The device sends to h: at once, without asking, to that MAC address."""
    t.alive()
    mark = h.link.mark()
    t.sends(h)
    p = h.link.expect(f"a datagram to {h.ip4}", to_host(h))
    assert p[Ether].dst == mac, f"it went to {p[Ether].dst}"
    assert not h.link.seen(lambda q: h.is_arp_request(q) and q[Ether].dst == BROADCAST, mark), \
        "it asked first"


# ---- 1: request generation ----

@case("ARP-1.01", "SPEC", GENERATION)
def test_request_before_data(t):
    """D must send to an on-link host with no cache entry: a broadcast ARP request comes before
    any IP frame to that host."""
    h = t.host(known=False)
    p = asked_for(t, h)
    assert p[Ether].dst == BROADCAST and p[Ether].type == 0x0806
    h.link.expect("the datagram", to_host(h))
    first = h.link.seen(lambda q: h.is_arp_request(q) or to_host(h)(q))[0]
    assert ARP in first


@cases("field,value",
       ("ARP-1.02", "SPEC", FORMAT, ASKED + "ar$hrd = 1", "hwtype", 1),
       ("ARP-1.03", "SPEC", FORMAT, ASKED + "ar$pro = 0x0800", "ptype", 0x0800),
       ("ARP-1.04", "SPEC", FORMAT, ASKED + "ar$hln = 6", "hwlen", 6),
       ("ARP-1.05", "SPEC", FORMAT, ASKED + "ar$pln = 4", "plen", 4),
       ("ARP-1.06", "SPEC", FORMAT, ASKED + "ar$op = 1", "op", 1),
       ("ARP-1.07", "SPEC", GENERATION, ASKED + "ar$sha = the interface's MAC address, which is "
        "the Ethernet source too", "hwsrc", None),
       ("ARP-1.08", "SPEC", GENERATION, ASKED + "ar$spa = an address of D there", "psrc", None))
def test_request_format(t, field, value):
    h = t.host(known=False)
    p = asked_for(t, h)
    got = p[ARP].getfieldval(field)
    if field == "hwsrc":
        assert got == p[Ether].src == h.link.mac
    elif field == "psrc":
        assert got in (A4, A4B)
    else:
        assert got == value


@case("ARP-1.11", "SPEC", "RFC 1122 §3.3.6")
def test_broadcast_is_not_resolved(t):
    """D sends to 255.255.255.255 and to the subnet's broadcast address: no ARP, and the frames go
    to ff:ff:ff:ff:ff:ff."""
    h, _ = t.udp(addr=A4)
    for address in (BROADCAST4, "255.255.255.255"):
        t.call("udp_send", h=h, addr=address, port=9000, data=b"to all")
        p = t.a.expect(f"a datagram to {address}", lambda q, a=address: UDP in q and q[IP].dst == a)
        assert p[Ether].dst == BROADCAST
    assert not t.a.seen(lambda q: ARP in q and q[ARP].op == 1 and q[ARP].pdst in (
        BROADCAST4, "255.255.255.255"))


@case("ARP-1.13", "SPEC", GENERATION)
def test_request_leaves_the_right_port(t):
    """A destination that the second interface reaches: the request leaves there only, with its
    MAC address and its IP address."""
    h = t.host(known=False, port=1)
    p = asked_for(t, h)
    assert p[ARP].hwsrc == p[Ether].src == t.b.mac and p[ARP].psrc == B4
    assert not t.a.seen(h.is_arp_request)


@case("ARP-1.16", "SPEC", "RFC 894")
def test_short_frames_are_padded(t):
    """An ARP reply, and an echo reply without data: each has 46 octets of data or more."""
    h = t.host(known=False)
    assert len(h.resolve()) >= 60
    assert len(h.pong(h.ping())) >= 60


# ---- 2: valid requests ----

@case("ARP-2.02", "SPEC", RECEPTION)
def test_reply_source(t):
    """A request for D's address: the reply's sender is D's MAC and the asked address."""
    p = t.host(known=False).resolve()
    assert (p[ARP].hwsrc, p[ARP].psrc) == (t.a.mac, A4)


@case("ARP-2.03", "SPEC", RECEPTION)
def test_reply_target(t):
    """A request for D's address: the reply's target is the requester's MAC and IP address."""
    h = t.host(known=False)
    p = h.resolve()
    assert (p[ARP].hwdst, p[ARP].pdst) == (h.mac, h.ip4)


@case("ARP-2.04", "SPEC", RECEPTION)
def test_reply_format(t):
    """A request for D's address: the reply keeps hrd, pro, hln and pln."""
    p = t.host(known=False).resolve()
    assert (p[ARP].hwtype, p[ARP].ptype, p[ARP].hwlen, p[ARP].plen) == (1, 0x0800, 6, 4)


@cases("tha",
       ("ARP-2.06", "SPEC", RECEPTION, "Request with ar$tha = ff:ff:ff:ff:ff:ff: reply, since tha "
        "is not examined", BROADCAST),
       ("ARP-2.07", "SPEC", RECEPTION, "Request with ar$tha = an unrelated MAC address: reply",
        "02:11:22:33:44:55"))
def test_target_hardware_address_is_not_examined(t, tha):
    h = t.host(known=False)
    h.arp(1, hwdst=tha)
    t.a.expect("an ARP reply", h.is_arp_reply)


@case("ARP-2.09", "SPEC", RECEPTION)
def test_reply_goes_to_sender_hardware_address(t):
    """Ethernet source differs from ar$sha: the reply goes to ar$sha, the new target hardware
    address."""
    h = t.host(known=False)
    h.arp(1, frame={"src": "02:00:00:aa:bb:cc"})
    p = t.a.expect("an ARP reply", h.is_arp_reply)
    assert p[ARP].hwdst == p[Ether].dst == h.mac


@case("ARP-2.11", "SPEC", RECEPTION)
def test_secondary_address(t):
    """A request for a secondary address of the interface: the reply has that address as spa."""
    h = t.host(known=False)
    h.arp(1, pdst=A4B)
    p = t.a.expect("an ARP reply", lambda q: h.is_arp_reply(q, A4B))
    assert p[ARP].hwsrc == t.a.mac


@case("ARP-2.13", "SPEC", RECEPTION)
def test_broadcast_addresses_are_nobodys(t):
    """Requests for the subnet's broadcast address and for 255.255.255.255: no reply."""
    h = t.host(known=False)

    def act():
        h.arp(1, pdst=BROADCAST4)
        h.arp(1, pdst="255.255.255.255")
    t.silent("an ARP reply", lambda p: is_reply(p) and p[ARP].pdst == h.ip4, act)


@case("ARP-2.14", "SPEC", RECEPTION)
def test_two_requests(t):
    """Two requests back to back from two hosts: each gets its own reply."""
    x, y = t.host(known=False), t.host(known=False)
    x.arp(1)
    y.arp(1)
    for h in (x, y):
        p = t.a.expect("an ARP reply", is_reply)
        assert (p[ARP].hwdst, p[ARP].pdst) == (h.mac, h.ip4)


@case("ARP-2.15", "MUST", "RFC 5227 §2.5")
def test_probe_is_answered(t):
    """An ARP probe (spa 0.0.0.0) for D's address: a reply, as for any request."""
    h = t.host(known=False)
    h.arp(1, psrc="0.0.0.0")
    p = t.a.expect("an ARP reply", lambda q: is_reply(q) and q[ARP].hwdst == h.mac)
    assert p[ARP].psrc == A4


@case("ARP-2.16", "SHOULD", "RFC 5227 §2.6")
def test_reply_is_unicast(t):
    """Any request: the reply is a unicast frame."""
    h = t.host(known=False)
    assert h.resolve()[Ether].dst == h.mac


# ---- 3: invalid or foreign ----

@cases("fields,frame",
       ("ARP-3.01", "SPEC", RECEPTION, "Request with unknown hardware type 15: no reply",
        {"hwtype": 15}, {}),
       ("ARP-3.02", "SPEC", RECEPTION, "Request with ar$hrd = 0: no reply", {"hwtype": 0}, {}),
       ("ARP-3.03", "SPEC", RECEPTION, "Request with ar$hrd = 0xffff: no reply",
        {"hwtype": 0xFFFF}, {}),
       ("ARP-3.06", "SPEC", RECEPTION, "Request with ar$pro = 0: no reply", {"ptype": 0}, {}),
       ("ARP-3.12", "SPEC", RECEPTION, "ar$op = 3 (RARP request) under ethertype 0x0806: no reply",
        {"op": 3}, {}),
       ("ARP-3.13", "SPEC", RECEPTION, "ar$op = 0xffff: no reply", {"op": 0xFFFF}, {}),
       ("ARP-3.21", "SPEC", "RFC 903", "ethertype 0x8035 with the body of an ARP request: ignored",
        {}, {"type": 0x8035}),
       ("ARP-3.22", "ROBUST", "none", "Request in a frame for another unicast MAC: ignored",
        {}, {"dst": "02:99:99:99:99:99"}))
def test_no_reply(t, fields, frame):
    h = t.host(known=False)
    values = {"op": 1, "hwsrc": h.mac, "psrc": h.ip4, "pdst": A4, "hwlen": 6, "plen": 4, **fields}
    body = ARP(**{k: v for k, v in values.items() if k not in ("hwsrc", "psrc", "pdst")},
               hwsrc=h.mac, psrc=h.ip4, hwdst=ZERO, pdst=A4)
    raw = bytes(ARP(op=values["op"], hwsrc=h.mac, psrc=h.ip4, hwdst=ZERO, pdst=A4))
    raw = body.hwtype.to_bytes(2, "big") + body.ptype.to_bytes(2, "big") + raw[4:]
    ether = bytes(h.ether(**{"dst": BROADCAST, "type": 0x0806, **frame}))
    t.silent("an ARP reply", lambda p: Ether in p and p[Ether].dst == h.mac or
             is_reply(p) and p[ARP].pdst == h.ip4, lambda: t.a.send(ether + raw))


@cases("fields",
       ("ARP-3.04", "SPEC", RECEPTION, "unknown hrd, spa = a cached host, new sha: the entry is "
        "unchanged", {"hrd": 15}),
       ("ARP-3.07", "SPEC", RECEPTION, "unknown pro, spa = a cached host, new sha: the entry is "
        "unchanged", {"pro": 0x86DD}))
def test_unknown_kind_teaches_nothing(t, fields):
    h = t.host()
    raw = bytearray(bytes(ARP(op=1, hwsrc="02:66:66:66:66:66", psrc=h.ip4, hwdst=ZERO, pdst=A4)))
    raw[0:2] = fields.get("hrd", 1).to_bytes(2, "big")
    raw[2:4] = fields.get("pro", 0x0800).to_bytes(2, "big")
    h.raw(raw, 0x0806, dst=BROADCAST, src="02:66:66:66:66:66")
    uses(t, h, h.mac)


@cases("hln",
       ("ARP-3.08", "MAY", RECEPTION, "ar$hln = 5: no reply and no learning, or as if it were 6; "
        "never a reply that was parsed wrongly", 5),
       ("ARP-3.10", "MAY", RECEPTION, "ar$hln = 0: no reply and no learning", 0))
def test_hardware_length(t, hln):
    h = t.host(known=False)
    raw = bytearray(bytes(ARP(op=1, hwsrc=h.mac, psrc=h.ip4, hwdst=ZERO, pdst=A4)))
    raw[4] = hln
    h.raw(raw, 0x0806, dst=BROADCAST)
    t.alive()
    for p in t.a.seen(lambda p: is_reply(p) and A4 in (p[ARP].psrc, p[ARP].pdst) and
                      p[ARP].pdst != t._prober.ip4):
        assert hln == 5 and (p[ARP].hwdst, p[ARP].pdst) == (h.mac, h.ip4), p.summary()


@cases("size",
       ("ARP-3.15", "ROBUST", "none", "ARP cut after 20 octets: discarded, D still answers", 20),
       ("ARP-3.16", "ROBUST", "none", "ARP cut inside ar$tpa: discarded, D still answers", 26))
def test_cut(t, size):
    h = t.host(known=False)
    raw = bytes(h.ether(dst=BROADCAST, type=0x0806)) + \
        bytes(ARP(op=1, hwsrc=h.mac, psrc=h.ip4, hwdst=ZERO, pdst=A4))[:size]
    t.silent("an ARP reply", lambda p: is_reply(p) and p[ARP].pdst == h.ip4,
             lambda: t.a.send(raw, pad=False))
    h.resolve()


@case("ARP-3.18", "MUST", "RFC 1812 §3.3.2")
def test_multicast_mac_is_not_believed(t):
    """D asks for a host and gets a reply that claims a multicast MAC address: not believed."""
    h = t.host(known=False, answers=False)
    p = asked_for(t, h)
    h.arp(2, hwsrc="01:00:5e:00:00:05", hwdst=p[ARP].hwsrc, pdst=p[ARP].psrc)
    t.silent("to a multicast address", lambda q: to_host(h)(q))
    h.arp(2)
    assert t.a.expect("the datagram after a good reply", to_host(h))[Ether].dst == h.mac


@case("ARP-3.19", "ROBUST", "none")
def test_broadcast_mac_is_not_learned(t):
    """Request whose ar$sha is the broadcast address: no such cache entry."""
    h = t.host(known=False)
    h.arp(1, hwsrc=BROADCAST)
    t.alive()
    t.sends(h)
    assert t.a.expect("the datagram", to_host(h))[Ether].dst == h.mac


# ---- 4: learning ----

@case("ARP-4.01", "SPEC", RECEPTION)
def test_learns_from_request(t):
    """Request to D from an unknown host, then D sends to it: no ARP request, the learned MAC."""
    h = t.host(known=True)
    uses(t, h, h.mac)


@case("ARP-4.02", "SPEC", RECEPTION)
def test_learns_from_reply(t):
    """A reply to D's own request: the queued packet is sent to that MAC address."""
    h = t.host(known=False, answers=False)
    asked_for(t, h)
    h.arp(2)
    assert t.a.expect("the queued datagram", to_host(h))[Ether].dst == h.mac


NEW = "02:77:77:77:77:77"


@cases("arp,frame",
       ("ARP-4.04", "SPEC", RECEPTION, "gratuitous reply for X, X cached: the entry is updated",
        {"op": 2, "pdst": "self", "hwdst": BROADCAST}, {"dst": BROADCAST}),
       ("ARP-4.06", "SPEC", RECEPTION, "Request from X for a third host, X cached: updated",
        {"op": 1, "pdst": "10.1.250.9"}, {"dst": BROADCAST}),
       ("ARP-4.09", "SPEC", RECEPTION, "unknown opcode, tpa = D, X cached with its old MAC: "
        "updated, since the opcode is looked at last", {"op": 77}, {}))
def test_entry_is_updated(t, arp, frame):
    h = t.host()
    values = {"hwsrc": NEW, **arp}
    if values.get("pdst") == "self":
        values["pdst"] = h.ip4
    time.sleep(0.02)  # newer than the entry, by the device's clock
    h.arp(values.pop("op"), frame={"src": NEW, **frame}, **values)
    uses(t, h, NEW)


@case("ARP-4.08", "SPEC", RECEPTION)
def test_unsolicited_reply_to_us(t):
    """Unsolicited reply with tpa = D from an unknown host: the entry is added."""
    h = t.host(known=False)
    h.arp(2)
    uses(t, h, h.mac)


@case("ARP-4.10", "SPEC", RECEPTION)
def test_later_reply_wins(t):
    """Two replies to one request with different MAC addresses: the later one is in the cache."""
    h = t.host(known=False, answers=False)
    asked_for(t, h)
    h.arp(2)
    time.sleep(0.02)  # later by the device's clock
    h.arp(2, frame={"src": NEW}, hwsrc=NEW)
    t.a.expect("the queued datagram", to_host(h))
    uses(t, h, NEW)


@case("ARP-4.11", "SPEC", "RFC 5227 §2.4")
def test_own_mapping_is_unaffected(t):
    """ARP with spa = D's own address from a foreign MAC: D still uses its address and MAC."""
    h = t.host(known=False)
    h.arp(1, psrc=A4, pdst=A4)
    other = t.host(known=False)
    assert other.resolve()[ARP].hwsrc == t.a.mac
    assert other.pong(other.ping())[Ether].src == t.a.mac


# ---- 5: ageing, queue, rate ----

@case("ARP-5.01", "MUST", "RFC 1122 §2.3.2.1", profile="ageing")
def test_stale_entry_is_flushed(t):
    """A neighbour changes its MAC address silently: re-resolved in bounded time."""
    h = t.host()
    u = t.sends(h)
    old = t.a.expect("a datagram", to_host(h))[Ether].dst
    assert old == h.mac
    h.mac = NEW
    end = time.monotonic() + 12
    while time.monotonic() < end:
        t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"again")
        try:
            if t.a.expect("a datagram", to_host(h), 0.1)[Ether].dst == NEW:
                return
        except Unanswered:
            pass
    pytest.fail("within 12 s it did not find the new MAC address")


@case("ARP-5.03", "MUST", "RFC 1122 §2.3.2.1")
def test_no_flood(t):
    """100 packets within a second to an unresolved host: at most about one request a second."""
    h = t.host(known=False, answers=False)
    u = t.sends(h)
    start = time.monotonic()
    for n in range(99):
        t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"more")
        time.sleep(max(0, start + (n + 1) * 0.009 - time.monotonic()))
    t.alive()
    asked = t.a.seen(h.is_arp_request)
    assert 1 <= len(asked) <= 1 + (asked[-1].time - asked[0].time) / 0.9


@case("ARP-5.04", "SPEC", "RFC 1122 §2.3.2.1")
def test_limit_is_per_destination(t):
    """Packets to two unresolved hosts at once: both are asked for."""
    x, y = t.host(known=False, answers=False), t.host(known=False, answers=False)
    u = t.sends(x)
    t.call("udp_send", h=u, addr=y.ip4, port=9000, data=b"y")
    t.a.expect("a request for the first", x.is_arp_request)
    t.a.expect("a request for the second", y.is_arp_request)


@case("ARP-5.05", "SHOULD", "RFC 1122 §2.3.2.2")
def test_packet_waits(t):
    """One packet starts the resolution, the reply comes after 0.5 s: the packet is delivered."""
    h = t.host(known=False, answers=False)
    t.sends(h, b"first")
    t.a.expect("a request", h.is_arp_request)
    time.sleep(0.5)
    h.arp(2)
    assert bytes(t.a.expect("the datagram", to_host(h))[UDP].payload)[:5] == b"first"


@case("ARP-5.06", "SHOULD", "RFC 1122 §2.3.2.2")
def test_latest_packet_is_sent(t):
    """Several packets to one unresolved host, then the reply: at least the latest is sent."""
    h = t.host(known=False, answers=False)
    u = t.sends(h, b"0000")
    for n in range(1, 10):
        t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"%04d" % n)
    h.arp(2)
    t.a.expect("the latest datagram", lambda p: to_host(h)(p) and
               bytes(p[UDP].payload)[:4] == b"0009")


@case("ARP-5.07", "SHOULD", "RFC 1122 §2.3.2.2")
def test_latest_of_each_is_sent(t):
    """Packets to two unresolved hosts, then both replies: the latest of each set is sent."""
    x, y = t.host(known=False, answers=False), t.host(known=False, answers=False)
    u = t.sends(x, b"0000")
    for n in range(6):
        for h in (x, y):
            t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"%04d" % n)
    for h in (y, x):
        h.arp(2)
        t.a.expect("the latest datagram", lambda p, h=h: to_host(h)(p) and
                   bytes(p[UDP].payload)[:4] == b"0005")


@case("ARP-5.08", "MUST", "RFC 1122 §2.4")
def test_no_error_for_want_of_an_entry(t):
    """The first packet to an unresolved host: no error is reported, and it arrives."""
    h = t.host(known=False)
    t.sends(h)
    t.a.expect("the datagram", to_host(h))
    assert not t.a.seen(lambda p: ICMP in p and p[ICMP].type == 3)


@case("ARP-5.09", "SHOULD", "RFC 1812 §3.3.2", profile="router")
def test_router_reports_failed_resolution(t):
    """A router fails to resolve the next hop: Host Unreachable for a queued datagram, after the
    cycle of requests."""
    h, gone = t.host(), t.host(known=False, port=1, answers=False)
    h.send(IP(src=h.ip4, dst=gone.ip4) / UDP(sport=1, dport=2) / b"x")
    t.b.expect("a request", gone.is_arp_request)
    p = t.a.expect("Host Unreachable", lambda p: ICMP in p and p[ICMP].type == 3, 8)
    assert p[ICMP].code == 1
    assert len(t.b.seen(gone.is_arp_request)) >= 1


@case("ARP-5.10", "MAY", "RFC 1122 §2.3.2.1 (2)", profile="ageing")
def test_active_entry_is_kept(t):
    """Traffic to an active entry as it ages: polls are unicast and, answered, keep the entry."""
    h = t.host()
    u = t.sends(h)
    for _ in range(30):
        t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"x")
        assert t.a.expect("the datagram", to_host(h))[Ether].dst == h.mac
        time.sleep(0.1)
    assert all(p[Ether].dst == h.mac for p in t.a.seen(h.is_arp_request))


@case("ARP-5.11", "SPEC", "RFC 826", profile="ageing")
def test_new_cycle(t):
    """Traffic goes on after a failed resolution: a new cycle of requests begins."""
    h = t.host(known=False, answers=False)
    u = t.sends(h)
    t.a.expect("a request", h.is_arp_request)
    count, quiet = 1, time.monotonic()
    while time.monotonic() - quiet < 1.2:  # requests are 0.1 s apart
        try:
            t.a.expect("a request", h.is_arp_request, 0.2)
            count, quiet = count + 1, time.monotonic()
            assert count < 50
        except Unanswered:
            pass
    h.answers = True
    try:
        t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"again")
    except Exception:  # the error of the failed cycle, reported by the next call
        t.call("udp_send", h=u, addr=h.ip4, port=9000, data=b"again")
    t.a.expect("a new request", h.is_arp_request)
    t.a.expect("the datagram", lambda p: to_host(h)(p) and Raw in p)
