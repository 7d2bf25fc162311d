# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 router: RFC 1812, 1191 section 4, 6633. Port a is where packets come from."""

import contextlib
import random
import socket

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

import raw
from case import case, cases
from dut import A4, A4B, B4
from test_ip4_options import OTHER, option
from wire import BROADCAST

FORWARD = "RFC 1812 §5.3"
DATA = b"to be forwarded"


class Path:
    """x on port a sends to y on port b through the device."""

    def __init__(self, t):
        self.t, self.x, self.y = t, t.host(), t.host(port=1)

    def packet(self, data=DATA, options=b"", src=None, dst=None, **f):
        src, dst = src or self.x.ip4, dst or self.y.ip4
        return raw.ip4(src, dst, 17, raw.udp(src, dst, 7, 8, data), options, **f)

    def arrives(self, timeout=2.0):
        return self.t.b.expect("the packet on port b", lambda p: IP in p and
                               p[IP].dst == self.y.ip4, timeout)

    def error(self, timeout=2.0):
        return self.t.a.expect("an ICMP error", lambda p: ICMP in p and
                               p[ICMP].type in (3, 4, 5, 11, 12) and p[IP].dst == self.x.ip4,
                               timeout)

    def not_forwarded(self, packet, **frame):
        """The packet does not pass; a good one after it does."""
        self.x.raw(packet, **frame)
        self.x.raw(self.packet(b"good"))
        p = self.arrives()
        assert bytes(p[UDP].payload)[:4] == b"good", "it was forwarded"




@cases("fields",
       ("GW4-1.02", "MUST", "RFC 1812 §5.2.2", "version not 4: discarded", {"version": 6}),
       ("GW4-1.03", "MUST", "RFC 1812 §5.2.2", "IHL below 5: discarded", {"ihl": 4}),
       profile="router")
def test_bad_header(t, fields):
    p = Path(t)
    p.not_forwarded(p.packet(**fields))


@case("GW4-1.05", "MUST", "RFC 1812 §5.2.2", profile="router")
def test_short_frame(t):
    """The link layer delivered fewer than 20 octets: discarded."""
    p = Path(t)
    t.a.send(bytes(p.x.ether(type=0x0800)) + p.packet()[:18], pad=False)
    p.x.raw(p.packet(b"good"))
    assert bytes(p.arrives()[UDP].payload)[:4] == b"good"


# ---- 2: TTL ----

@case("GW4-2.01", "MUST", FORWARD + ".1", profile="router")
def test_ttl_decremented(t):
    """TTL 64: forwarded with TTL 63, otherwise unchanged, its checksum right."""
    p = Path(t)
    p.x.raw(p.packet(id=0x4242))
    got = p.arrives()
    assert (got[IP].ttl, got[IP].id, got[Ether].dst, got[Ether].src) == (
        63, 0x4242, p.y.mac, t.b.mac)
    assert raw.checksum(bytes(got[IP])[:20]) == 0 and bytes(got[UDP].payload)[:15] == DATA


@case("GW4-2.03", "MUST", FORWARD + ".1", profile="router")
def test_ttl_1(t):
    """TTL 1: discarded, Time Exceeded code 0 to the source."""
    p = Path(t)
    p.x.raw(p.packet(ttl=1))
    e = p.error()
    assert (e[ICMP].type, e[ICMP].code) == (11, 0)


@case("GW4-2.04", "MUST", FORWARD + ".1", profile="router")
def test_ttl_0(t):
    """TTL 0: discarded, not forwarded."""
    p = Path(t)
    p.not_forwarded(p.packet(ttl=0))


@case("GW4-2.06", "MUST", "RFC 1812 §4.2.2.9", profile="router")
def test_ttl_1_to_router(t):
    """TTL 1, addressed to the router, also to its other port: received."""
    x = t.host()
    x.pong(x.ping(b"x", ttl=1))
    x.pong(x.ping(b"x", ttl=1, dst=B4))


# ---- 3: unreachable, MTU ----

@case("GW4-3.01", "MUST", "RFC 1812 §5.2.7.1", profile="router")
def test_no_route(t):
    """No route and no default: Destination Unreachable code 0."""
    p = Path(t)
    p.x.raw(p.packet(dst="198.51.100.9"))
    e = p.error()
    assert (e[ICMP].type, e[ICMP].code) == (3, 0)


@case("GW4-3.02", "MUST", "RFC 1812 §5.2.7.1", profile="router")
def test_last_hop_fails(t):
    """The last hop, ARP fails: Destination Unreachable code 1."""
    p = Path(t)
    p.x.raw(p.packet(dst="10.2.77.77"))
    e = p.error(8)
    assert (e[ICMP].type, e[ICMP].code) == (3, 1)


@contextlib.contextmanager
def small_link(t, size=1000):
    t.dut.mtu(1, size)
    try:
        yield
    finally:
        t.dut.mtu(1, 1500)


@case("GW4-3.03", "MUST", "RFC 1812 §5.2.6, 4.3.3.1", profile="router")
def test_too_big(t):
    """DF set, larger than the next link: code 4, with that link's MTU."""
    p = Path(t)
    with small_link(t):
        p.x.raw(p.packet(bytes(1200), flags=2))
        e = p.error()
        assert (e[ICMP].type, e[ICMP].code) == (3, 4)
        assert bytes(e[ICMP])[6:8] == (1000).to_bytes(2, "big")


def pieces(p, size):
    """The fragments that arrive, until so many octets of payload are there."""
    found, total = [], 0
    while total < size:
        f = p.arrives()
        found.append(f)
        total += f[IP].len - f[IP].ihl * 4
    return found


@case("GW4-3.06", "SPEC", "RFC 791 §3.2", profile="router")
def test_refragmented(t):
    """A fragment is itself too large: re-fragmented with right offsets and MF."""
    p = Path(t)
    payload = random.Random(1).randbytes(1400)
    with small_link(t):
        p.x.raw(raw.ip4(p.x.ip4, p.y.ip4, 17, payload, id=9, frag=10, flags=1))
        found = pieces(p, 1400)
    at = 80
    for f in found:
        assert f[IP].frag * 8 == at and f[IP].flags.MF and f[IP].len <= 1000
        at += f[IP].len - 20


@case("GW4-3.07", "SPEC", "RFC 791 §3.2", profile="router")
def test_options_of_fragments(t):
    """A packet with options is fragmented: those with the copied bit are in each fragment."""
    p = Path(t)
    with small_link(t):
        p.x.raw(p.packet(bytes(1300), b"\x9e\4\1\2\x1e\4\3\4"))
        found = pieces(p, 1308)
    for n, f in enumerate(found):
        options = bytes(f[IP])[20:f[IP].ihl * 4]
        assert option(options, 0x9E) and bool(option(options, 0x1E)) == (n == 0)


@case("GW4-3.08", "MAY", "RFC 1812 §5.2.7.1", profile="router")
def test_prohibited(t):
    """A route that prohibits: code 13."""
    p = Path(t)
    t.dut.route("add", "203.0.113.0/24", kind="prohibit")
    p.x.raw(p.packet(dst="203.0.113.1"))
    e = p.error()
    assert (e[ICMP].type, e[ICMP].code) == (3, 13)


# ---- 4: redirect ----

class Shortcut:
    """x sends through D to a far network whose gateway is on x's own subnet."""

    def __init__(self, t, net="203.0.114.0/24"):
        self.t, self.x, self.better = t, t.host(), t.host()
        t.dut.route("add", net, via=self.better.ip4, port=0)
        self.far = net.replace(".0/24", ".9")

    def send(self, options=b"", src=None):
        src = src or self.x.ip4
        self.x.raw(raw.ip4(src, self.far, 17, raw.udp(src, self.far, 7, 8, DATA), options))

    def close(self):
        self.t.dut.route("del", self.far.rsplit(".", 1)[0] + ".0/24", via=self.better.ip4, port=0)


@pytest.fixture
def shortcut(t):
    s = Shortcut(t)
    yield s
    s.close()


def is_redirect(p):
    return ICMP in p and p[ICMP].type == 5


@case("GW4-4.01", "MUST", "RFC 1812 §5.2.7.2", profile="router")
def test_redirect(t, shortcut):
    """The next hop is on the arrival interface and the sender's subnet: Redirect code 1, and the
    packet is forwarded."""
    shortcut.send()
    r = t.a.expect("a Redirect", is_redirect)
    assert r[ICMP].code == 1
    assert t.a.seen(lambda p: UDP in p and p[Ether].dst == shortcut.better.mac) or t.a.expect(
        "the packet", lambda p: UDP in p and p[Ether].dst == shortcut.better.mac)


@case("GW4-4.02", "SPEC", "RFC 792", profile="router")
def test_redirect_content(t, shortcut):
    """A Redirect: its gateway field is the better next hop, the packet's header is quoted."""
    shortcut.send()
    body = bytes(t.a.expect("a Redirect", is_redirect)[ICMP])
    assert body[4:8] == socket.inet_aton(shortcut.better.ip4)
    assert body[8 + 16:8 + 20] == socket.inet_aton(shortcut.far)


@case("GW4-4.03", "MUST", "RFC 1812 §5.2.7.2", profile="router")
def test_no_redirect_off_subnet(t, shortcut):
    """The sender is not on the next hop's subnet: no Redirect."""
    shortcut.send(src="10.66.0.1")
    t.a.expect("the packet", lambda p: UDP in p and p[Ether].dst == shortcut.better.mac)
    t.silent("a Redirect", is_redirect)


@case("GW4-4.04", "MUST", "RFC 1812 §5.2.7.2", profile="router")
def test_no_redirect_for_source_route(t, shortcut):
    """A source-routed packet: no Redirect."""
    t.silent("a Redirect", is_redirect, lambda: shortcut.send(b"\x83\x07\x04" + OTHER))


@case("GW4-4.05", "MUST", "RFC 1812 §5.2.7.2", profile="router")
def test_no_network_redirect(t, shortcut):
    """Whatever the packets: never Redirect codes 0 or 2."""
    for _ in range(5):
        shortcut.send()
    t.alive()
    assert all(p[ICMP].code in (1, 3) for p in t.a.seen(is_redirect))


@case("GW4-4.06", "MUST", "RFC 1812 §5.2.7.2", profile="router")
def test_redirect_received(t, shortcut):
    """The router receives a Redirect: forwarding is unaffected."""
    other = t.host()
    shortcut.send()
    p = t.a.expect("the packet", lambda p: UDP in p and p[Ether].dst == shortcut.better.mac)
    b = shortcut.better
    b.raw(raw.ip4(b.ip4, A4, 1, raw.icmp(5, 1, socket.inet_aton(other.ip4), bytes(p[IP])[:28])))
    t.alive()
    t.a.skip()
    shortcut.send()
    t.a.expect("the packet", lambda p: UDP in p and p[Ether].dst == b.mac)


# ---- 5: addresses that must not pass ----

@cases("fields,frame",
       ("GW4-5.01", "SHOULD", FORWARD + ".7", "source 127.0.0.1: not forwarded",
        {"src": "127.0.0.1"}, {}),
       ("GW4-5.02", "SHOULD", FORWARD + ".7", "source in network 0: not forwarded",
        {"src": "0.1.2.3"}, {}),
       ("GW4-5.03", "SHOULD", FORWARD + ".7", "source 224.0.0.1 or 255.255.255.255: not forwarded",
        {"src": "224.0.0.1"}, {}),
       ("GW4-5.04", "SHOULD", FORWARD + ".7", "destination in network 127: not forwarded",
        {"dst": "127.9.9.9"}, {}),
       ("GW4-5.05", "SHOULD", FORWARD + ".7", "destination in network 0: not forwarded",
        {"dst": "0.9.9.9"}, {}),
       ("GW4-5.09", "MUST", FORWARD + ".4", "link-layer multicast frame, unicast IP destination: "
        "not forwarded", {}, {"dst": "01:00:5e:00:00:09"}),
       profile="router")
def test_not_forwarded(t, fields, frame):
    p = Path(t)
    p.not_forwarded(p.packet(b"bad!", **fields), **frame)
    if fields.get("src") == "224.0.0.1":
        p.not_forwarded(p.packet(b"bad!", src="255.255.255.255"))
    assert not t.b.seen(lambda q: UDP in q and bytes(q[UDP].payload)[:4] == b"bad!")


@case("GW4-5.10", "MUST", FORWARD + ".8", profile="router-strict")
def test_source_validation(t):
    """Source validation on, a source from the wrong interface: discarded."""
    p = Path(t)
    p.not_forwarded(p.packet(src="10.2.50.50"))


# ---- 6: options in transit ----

def transit(t, options):
    p = Path(t)
    p.x.raw(p.packet(options=options))
    got = p.arrives()
    return bytes(got[IP])[20:got[IP].ihl * 4]


@case("GW4-6.01", "MUST", FORWARD + ".13.1", profile="router")
def test_unknown_option(t):
    """An unrecognised option: passed unchanged."""
    assert transit(t, b"\x9e\4\1\2") == b"\x9e\4\1\2"


@cases("options",
       ("GW4-6.03", "MUST", FORWARD + ".13.6", "Timestamp, flag 0: the router's time is added",
        b"\x44\x0c\5\0" + bytes(8)),
       ("GW4-6.04", "MUST", FORWARD + ".13.6", "Timestamp, flag 3, the next address is the "
        "router's: its time is added", b"\x44\x0c\5\3" + socket.inet_aton(A4) + bytes(4)),
       profile="router")
def test_timestamp(t, options):
    sent = option(transit(t, options), 0x44)
    assert sent and sent[2] > 5 and any(sent[4:])


@case("GW4-6.05", "MUST", FORWARD + ".13.4", profile="router-source-routes")
def test_source_route(t):
    """A loose source route that names the router: the next address is swapped in, forwarded."""
    p = Path(t)
    p.x.raw(p.packet(options=b"\x83\7\4" + socket.inet_aton(p.y.ip4), dst=A4))
    got = p.arrives()
    assert bytes(got[IP])[20:23] == b"\x83\7\x08"


@case("GW4-6.06", "MUST", FORWARD + ".13.4", profile="router-source-routes")
def test_strict_route_fails(t):
    """A strict source route whose next hop is not directly reachable: code 5."""
    p, g = Path(t), t.host(port=1)
    t.dut.route("add", "198.51.100.0/24", via=g.ip4, port=1)
    p.x.raw(p.packet(options=b"\x89\7\4" + socket.inet_aton("198.51.100.1"), dst=A4))
    e = p.error()
    assert (e[ICMP].type, e[ICMP].code) == (3, 5)


@case("GW4-6.07", "MAY", FORWARD + ".13.4", profile="router")
def test_source_routes_by_default(t):
    """Source routes by default: forwarded, or dropped where the switch is documented."""
    p = Path(t)
    p.x.raw(p.packet(options=b"\x83\7\4" + socket.inet_aton(p.y.ip4), dst=A4))
    p.x.raw(p.packet(b"good"))
    p.arrives()


# ---- 7: ICMP from the router ----

@case("GW4-7.02", "SHOULD", "RFC 1812 §4.3.2.3", profile="router")
def test_quote_size(t):
    """An error about a 1000-octet packet: as much is quoted as fits in 576 octets."""
    p = Path(t)
    p.x.raw(p.packet(bytes(972), ttl=1))
    assert 548 <= p.error()[IP].len <= 576


@case("GW4-7.03", "MUST", "RFC 1812 §4.3.2.4", profile="router")
def test_error_source(t):
    """Any error: its source is an address of the interface it leaves by."""
    p = Path(t)
    p.x.raw(p.packet(ttl=1))
    assert p.error()[IP].src in (A4, A4B)


@case("GW4-7.05", "MUST", "RFC 1812 §4.3.2.7", profile="router")
def test_fragment_expires(t):
    """A fragment that is not the first expires: no Time Exceeded."""
    p = Path(t)
    t.silent("Time Exceeded", lambda q: ICMP in q and q[ICMP].type == 11,
             lambda: p.x.raw(p.packet(ttl=1, frag=5)))


@case("GW4-7.07", "MUST", "RFC 1812 §4.3.2.7", profile="router")
def test_broadcast_expires(t):
    """A packet received as link-layer broadcast expires: no Time Exceeded."""
    p = Path(t)
    t.silent("Time Exceeded", lambda q: ICMP in q and q[ICMP].type == 11,
             lambda: p.x.raw(p.packet(ttl=1), dst=BROADCAST))


@case("GW4-7.08", "MUST", "RFC 1812 §4.3.3.5", profile="router")
def test_parameter_problem(t):
    """A bad option length in transit: Parameter Problem, the pointer at it."""
    p = Path(t)
    p.x.raw(p.packet(options=b"\1\7\1\4"))
    e = p.error()
    assert e[ICMP].type == 12 and bytes(e[ICMP])[4] in (21, 22)


@case("GW4-7.10", "MUST", "RFC 1812 §4.3.3.6", profile="router")
def test_echo(t):
    """Echo Request of 1500 octets, and one in fragments: reassembled and echoed."""
    from test_ip4_fragments import echo_fragments
    x = t.host()
    x.pong(x.ping(bytes(1472)))
    echo_fragments(t, 3000)


@case("GW4-7.11", "MUST", "RFC 1812 §4.3.3.9", profile="router")
def test_mask_request(t):
    """Address Mask Request on an interface: a reply with that interface's mask."""
    x = t.host()
    x.raw(raw.ip4(x.ip4, A4, 1, raw.icmp(17, 0, b"\0\5\0\6", bytes(4))))
    p = t.a.expect("an Address Mask Reply", lambda p: ICMP in p and p[ICMP].type == 18)
    assert bytes(p[ICMP])[8:12] == socket.inet_aton("255.255.0.0")


@case("GW4-7.13", "MUST", "RFC 1812 §4.3.3.9", profile="router")
def test_mask_reply(t):
    """Address Mask Reply received: never used to set the mask."""
    p = Path(t)
    p.x.raw(raw.ip4(p.x.ip4, A4, 1, raw.icmp(18, 0, bytes(4), b"\xff\xff\xff\xfc")))
    p.x.raw(p.packet())
    p.arrives()


@case("GW4-7.14", "MUST", "RFC 1812 §4.3.3.10", profile="router")
def test_router_solicitation(t):
    """Router Solicitation: Router Advertisement (RFC 1256)."""
    x = t.host()
    x.raw(raw.ip4(x.ip4, "224.0.0.2", 1, raw.icmp(10, 0), ttl=1), dst="01:00:5e:00:00:02")
    t.a.expect("a Router Advertisement", lambda p: ICMP in p and p[ICMP].type == 9)


@case("GW4-7.15", "MUST", "RFC 6633 §4", profile="router")
def test_source_quench(t):
    """Source Quench received: ignored, forwarding goes on."""
    p = Path(t)
    quote = p.packet()[:28]
    p.y.raw(raw.ip4(p.y.ip4, B4, 1, raw.icmp(4, 0, data=quote)))
    for _ in range(5):
        p.x.raw(p.packet())
        p.arrives()


# ---- 8: choice of route ----

@case("GW4-8.02", "MUST", "RFC 1812 §5.2.4.3", profile="router")
def test_default_route(t):
    """Only a default route matches: it is used."""
    p, g = Path(t), t.host(port=1)
    t.dut.route("add", "0.0.0.0/0", via=g.ip4, port=1)
    try:
        p.x.raw(p.packet(dst="198.51.100.77"))
        got = t.b.expect("the packet", lambda q: IP in q and q[IP].dst == "198.51.100.77")
        assert got[Ether].dst == g.mac
    finally:
        t.dut.route("del", "0.0.0.0/0", via=g.ip4, port=1)


@case("GW4-8.03", "SPEC", "RFC 1812 §5.2.4.3", profile="router")
def test_route_withdrawn(t):
    """A route is withdrawn: the next packets use the next best."""
    p, wide, narrow = Path(t), t.host(port=1), t.host(port=1)
    t.dut.route("add", "198.51.0.0/16", via=wide.ip4, port=1)
    t.dut.route("add", "198.51.100.0/24", via=narrow.ip4, port=1)
    for gateway in (narrow, wide):
        p.x.raw(p.packet(dst="198.51.100.5"))
        got = t.b.expect("the packet", lambda q: IP in q and q[IP].dst == "198.51.100.5")
        assert got[Ether].dst == gateway.mac
        if gateway is narrow:
            t.dut.route("del", "198.51.100.0/24", via=narrow.ip4, port=1)
    t.dut.route("del", "198.51.0.0/16", via=wide.ip4, port=1)
