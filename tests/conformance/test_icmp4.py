# SPDX-License-Identifier: BSD-3-Clause
"""ICMPv4: RFC 792, 950, 1122 section 3.2.2, 1191, 6633."""

import concurrent.futures
import random
import socket
import struct
import time

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

import raw
from case import case, cases
from dut import A4, A4B, BROADCAST4, DeviceError, Unsupported
from peer import Peer
from test_ip4_options import option
from wire import BROADCAST

GENERAL, ECHO = "RFC 1122 §3.2.2", "RFC 1122 §3.2.2.6"


def to(h):
    return lambda p: IP in p and p[IP].dst == h.ip4


def is_error(p):
    return ICMP in p and p[ICMP].type in (3, 4, 5, 11, 12)


def closed_port(t, h, **ip):
    """Sends UDP to a closed port; the octets of the packet."""
    packet = raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 4444, 5555, b"nobody reads this"), **ip)
    h.raw(packet)
    return packet


def port_unreachable(t, h, **ip):
    sent = closed_port(t, h, **ip)
    return sent, t.a.expect("Port Unreachable", lambda p: is_error(p) and to(h)(p))


# ---- 1: general ----

@case("ICMP4-1.01", "MUST", GENERAL)
def test_unknown_type(t):
    """ICMP type 44: silently discarded."""
    h = t.host()
    t.silent("an answer", to(h), lambda: h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(44, 0))))


@case("ICMP4-1.03", "ROBUST", "none")
def test_short(t):
    """ICMP shorter than 8 octets: discarded."""
    h = t.host()

    def act():
        for n in range(8):
            h.raw(raw.ip4(h.ip4, A4, 1, b"\x08\0\xf7\xff\0\0\0\0"[:n]))
    t.silent("an answer", to(h), act)


@case("ICMP4-1.04", "MUST", GENERAL)
def test_quote(t):
    """UDP to a closed port: the error quotes the IP header and at least 8 octets more."""
    sent, p = port_unreachable(t, t.host())
    quote = bytes(p[ICMP])[8:]
    assert len(quote) >= 28 and quote[12:28] == sent[12:28]


@case("ICMP4-1.05", "MUST", GENERAL)
def test_quote_is_unchanged(t):
    """UDP to a closed port: the quoted octets are those received, TTL, ID and checksum too."""
    sent, p = port_unreachable(t, t.host(), ttl=33, id=0x1234)
    quote = bytes(p[ICMP])[8:]
    assert quote[:28] == sent[:28] and sent.startswith(quote[:len(sent)])


@case("ICMP4-1.06", "SPEC", "RFC 792")
def test_error_format(t):
    """UDP to a closed port: the error's unused field is zero, its checksum right."""
    _, p = port_unreachable(t, t.host())
    body = bytes(p[IP])[20:p[IP].len]
    assert body[4] == 0 and body[6:8] == b"\0\0" and raw.checksum(body) == 0


@case("ICMP4-1.07", "SHOULD", GENERAL)
def test_error_tos(t):
    """UDP with TOS 0x10 to a closed port: the error's TOS is 0 (RFC 1812 4.3.2.5 allows 6 << 5)."""
    _, p = port_unreachable(t, t.host())
    assert p[IP].tos in (0, 0xC0)


@case("ICMP4-1.08", "MUST", GENERAL)
def test_no_error_about_an_error(t):
    """An ICMP error with a bad IP option: no Parameter Problem."""
    h = t.host()
    quote = raw.ip4(A4, "10.1.9.9", 17, raw.udp(A4, "10.1.9.9", 1, 2))
    t.silent("an error", lambda p: is_error(p) and to(h)(p),
             lambda: h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(3, 1, data=quote), b"\7\1\4\0")))


@cases("destination,mac",
       ("ICMP4-1.09", "MUST", GENERAL, "UDP to a closed port on the subnet's broadcast: no error",
        BROADCAST4, BROADCAST),
       ("ICMP4-1.10", "MUST", GENERAL, "UDP to a closed port on a joined group: no error",
        "239.1.1.10", "01:00:5e:01:01:0a"))
def test_no_error_about_broadcast(t, destination, mac):
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0", port=7300)
    if destination.startswith("239"):
        t.call("udp_join", h=s, group=destination)
    t.silent("an error", is_error, lambda: h.send(
        h.ip(dst=destination) / UDP(sport=1, dport=5555) / b"x", dst=mac))


@case("ICMP4-1.12", "MUST", GENERAL)
def test_no_error_about_a_fragment(t):
    """A fragment other than the first of an unsupported protocol: no error."""
    h = t.host()
    t.silent("an error", is_error,
             lambda: h.raw(raw.ip4(h.ip4, A4, 200, bytes(64), frag=10, id=9)))


@cases("source",
       ("ICMP4-1.13", "MUST", GENERAL, "UDP to a closed port from 0.0.0.0: no error", "0.0.0.0"),
       ("ICMP4-1.14", "MUST", GENERAL, "UDP to a closed port from 127.0.0.1: no error",
        "127.0.0.1"),
       ("ICMP4-1.16", "MUST", GENERAL, "UDP to a closed port from a multicast address: no error",
        "224.0.0.5"))
def test_no_error_to_nobody(t, source):
    h = t.host()
    t.silent("an error", lambda p: is_error(p) or ARP in p and p[ARP].pdst == source,
             lambda: h.send(h.ip(src=source) / UDP(sport=1, dport=5555) / b"x"))


@case("ICMP4-1.19", "ROBUST", "none")
def test_quote_cut_short(t):
    """Errors whose quoted header is cut short: ignored, no crash."""
    h = t.host()
    quote = raw.ip4(A4, h.ip4, 17, raw.udp(A4, h.ip4, 1, 2))
    for n in range(0, 28, 3):
        for kind, code in ((3, 3), (3, 4), (5, 1), (11, 0), (12, 0)):
            h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(kind, code, data=quote[:n])))
    t.alive()


# ---- 2: echo ----

@cases("size",
       ("ICMP4-2.02", "MUST", ECHO, "Echo Request without data: a reply without data", 0),
       ("ICMP4-2.03", "SPEC", "RFC 792", "odd data length: a reply with a right checksum", 777),
       ("ICMP4-2.04", "MUST", ECHO, "1472 data octets: all returned", 1472),
       ("ICMP4-2.05", "MUST", ECHO, "8000 data octets in fragments: all returned", 8000))
def test_echo(t, size):
    if size > 1472:
        from test_ip4_fragments import echo_fragments
        echo_fragments(t, size)
        return
    h = t.host()
    data = random.Random(size).randbytes(size)
    p = h.pong(h.ping(data))
    body = bytes(p[IP])[20:p[IP].len]
    assert body[8:] == data and raw.checksum(body) == 0


@case("ICMP4-2.06", "MUST", ECHO)
def test_echo_secondary(t):
    """Echo Request to a secondary address: the reply's source is that address."""
    h = t.host()
    assert h.pong(h.ping(b"x", dst=A4B))[IP].src == A4B


@cases("destination,mac",
       ("ICMP4-2.07", "MAY", ECHO, "Echo Request to the subnet's broadcast: discarded, or answered "
        "from a unicast address", BROADCAST4, BROADCAST),
       ("ICMP4-2.08", "MAY", ECHO, "Echo Request to 224.0.0.1: discarded, or answered from a "
        "unicast address", "224.0.0.1", "01:00:5e:00:00:01"))
def test_echo_broadcast(t, destination, mac):
    h = t.host()
    h.send(h.ip(dst=destination) / ICMP(type=8, id=9) / b"x", dst=mac)
    t.alive()
    assert all(p[IP].src in (A4, A4B) for p in t.a.seen(to(h)))


@case("ICMP4-2.09", "SHOULD", ECHO)
def test_echo_options(t):
    """Record Route and Timestamp in the request: updated and returned in the reply."""
    for options, kind in ((b"\7\x0b\4" + bytes(9), 7), (b"\x44\x0c\5\0" + bytes(8), 0x44)):
        h = t.host()
        h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(8, 0, b"\0\3\0\1", b"opt"), options))
        p = t.a.expect("an echo reply", lambda p, h=h: ICMP in p and to(h)(p))
        sent = option(bytes(p[IP])[20:p[IP].ihl * 4], kind)
        assert sent and sent[2] > options[2]


@case("ICMP4-2.12", "MUST", ECHO)
def test_unsolicited_reply(t):
    """An Echo Reply that nobody asked for: nothing is sent."""
    h = t.host()
    t.silent("an answer", to(h), lambda: h.send(h.ip() / ICMP(type=0, id=99) / b"x"))


@case("ICMP4-2.13", "SHOULD", ECHO)
def test_ping_from_device(t):
    """The user asks D to ping: an Echo Request is sent, and the reply is matched."""
    h = t.host()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        result = pool.submit(t.dut.ping, h.ip4)
        try:
            p = t.a.expect("an echo request", lambda p: ICMP in p and p[ICMP].type == 8 and to(h)(p))
        except AssertionError:
            result.result()  # says why there is none
            raise
        h.send(h.ip(dst=p[IP].src) / ICMP(type=0, id=p[ICMP].id, seq=p[ICMP].seq) /
               bytes(p[ICMP].payload))
        assert result.result(5)


# ---- 3: unreachable, path MTU ----

@case("ICMP4-3.01", "SHOULD", "RFC 1122 §3.2.2.1")
def test_protocol_unreachable(t):
    """A datagram with the unsupported protocol 200: code 2."""
    h = t.host()
    h.raw(raw.ip4(h.ip4, A4, 200, b"12345678"))
    p = t.a.expect("an error", lambda p: is_error(p) and to(h)(p))
    assert (p[ICMP].type, p[ICMP].code) == (3, 2)


@case("ICMP4-3.04", "MUST", "RFC 1122 §4.2.3.9")
def test_soft_errors(t):
    """Codes 0, 1 and 5 for an established TCP connection: not aborted."""
    c = Peer(t).open()
    c.dut_send(b"hello")
    seg = c.expect("the data", lambda p: c.data(p) == b"hello")
    for code in (0, 1, 5):
        c.h.send(c.h.ip() / ICMP(type=3, code=code) / bytes(seg[IP])[:28])
    c.ack_to(seg)
    c.send(data=b"still")
    assert c.dut_recv(5) == b"still"


def needs_fragments(h, packet, mtu):
    h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(3, 4, struct.pack("!HH", 0, mtu), bytes(packet[IP])[:28])))


def too_big(t, mtu):
    """A datagram of 1400 octets met a smaller link: the host, the socket, and what came next."""
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0", raddr=h.ip4, rport=9)
    t.call("udp_send", h=s, fill=1372)
    p = t.a.expect("a datagram", lambda p: UDP in p and to(h)(p))
    needs_fragments(h, p, mtu)
    t.alive()
    return h, s, p


def sizes_after(t, h, s, size=1372):
    """Sizes of the packets that the next datagram takes."""
    mark = t.a.mark()
    for _ in range(2):  # the first may be refused with what was learned
        try:
            t.call("udp_send", h=s, fill=size)
            break
        except DeviceError as e:
            assert str(e) == "EMSGSIZE"
    t.alive()
    return [p[IP].len for p in t.a.seen(to(h), mark)]


@case("ICMP4-3.05", "SPEC", "RFC 1191 §3")
def test_path_mtu(t):
    """Code 4 with a next-hop MTU of 1000: later datagrams to that host are at most 1000."""
    h, s, _ = too_big(t, 1000)
    sizes = sizes_after(t, h, s)
    assert sizes and max(sizes) <= 1000


@case("ICMP4-3.06", "SPEC", "RFC 1191 §5")
def test_path_mtu_of_old_router(t):
    """Code 4 with a next-hop MTU of 0: the estimate is lowered."""
    h, s, p = too_big(t, 0)
    sizes = sizes_after(t, h, s)
    assert sizes and max(sizes) < p[IP].len


@case("ICMP4-3.07", "MUST", "RFC 1191 §3")
def test_path_mtu_floor(t):
    """Code 4 with an MTU of 60: the estimate is never below 68."""
    h, s, _ = too_big(t, 60)
    sizes = sizes_after(t, h, s, 500)
    assert sizes and max(sizes) >= 64


@case("ICMP4-3.09", "MUST", "RFC 1191 §3")
def test_path_mtu_is_kept(t):
    """After code 4: no attempt to raise the estimate soon (5 minutes; here: 3 s)."""
    h, s, _ = too_big(t, 1000)
    for _ in range(3):
        time.sleep(1)
        sizes = sizes_after(t, h, s)
        assert sizes and max(sizes) <= 1000


@case("ICMP4-3.10", "ROBUST", "RFC 5927 §7")
def test_path_mtu_of_nothing(t):
    """Code 4 that quotes a connection D does not have: ignored."""
    h = t.host()
    forged = IP(src=A4, dst=h.ip4) / TCP(sport=1, dport=2, seq=7)
    needs_fragments(h, IP(bytes(forged)), 600)
    s, _ = t.udp(addr="0.0.0.0", raddr=h.ip4, rport=9)
    assert sizes_after(t, h, s) == [1400]


# ---- 4: parameter problem, time exceeded ----

def bad_option(t):
    h = t.host()
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 1, 2), b"\1\7\1\4"))
    return t.a.expect("a Parameter Problem", lambda p: ICMP in p and p[ICMP].type == 12 and
                      to(h)(p))


@case("ICMP4-4.01", "SHOULD", "RFC 1122 §3.2.2.5")
def test_pointer(t):
    """A bad option length: type 12 code 0, the pointer at the option or its length."""
    p = bad_option(t)
    assert p[ICMP].code == 0 and bytes(p[ICMP])[4] in (21, 22)


@case("ICMP4-4.02", "SPEC", "RFC 792")
def test_pointer_is_quoted(t):
    """A bad option length: the quoted part includes the octet that the pointer names."""
    p = bad_option(t)
    assert len(bytes(p[ICMP])) - 8 > bytes(p[ICMP])[4]


@case("ICMP4-4.04", "MAY", "RFC 1122 §3.2.2.5")
def test_required_option(t):
    """A datagram without any option: no complaint that a required option (code 1) is missing."""
    h = t.host()
    closed_port(t, h)
    t.alive()
    assert not t.a.seen(lambda p: to(h)(p) and ICMP in p and p[ICMP].type == 12)


@case("ICMP4-4.05", "MUST", "RFC 1122 §3.3.2", profile="short")
def test_reassembly_timeout(t):
    """Reassembly timeout with fragment 0 held: type 11 code 1, quoting fragment 0."""
    h = t.host()
    sent = raw.ip4(h.ip4, A4, 17, bytes(64), id=77, flags=1)
    h.raw(sent)
    p = t.a.expect("Time Exceeded", lambda p: ICMP in p and p[ICMP].type == 11 and to(h)(p), 5)
    quote = bytes(p[ICMP])[8:]
    assert p[ICMP].code == 1 and quote[4:8] == sent[4:8] and quote[12:28] == sent[12:28]


def reported(t, kind, code, rest=b"\0\0\0\0"):
    """A connected UDP socket sends, and an error comes back: what the application is told."""
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0", raddr=h.ip4, rport=9, errors=True)
    t.call("udp_send", h=s, data=b"x")
    p = t.a.expect("the datagram", lambda p: UDP in p and to(h)(p))
    h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(kind, code, rest, bytes(p[IP])[:28])))
    return t.call("udp_error", h=s)["reported"]


@case("ICMP4-4.06", "MUST", "RFC 1122 §3.2.2.4")
def test_time_exceeded_is_passed(t):
    """Time Exceeded about a datagram of D: passed to the transport, told to the application."""
    assert reported(t, 11, 0)


@case("ICMP4-4.07", "MUST", "RFC 1122 §3.2.1.7")
def test_ttl_1_to_us(t):
    """A datagram with TTL 1 addressed to D: no Time Exceeded."""
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7301)
    h.send(h.ip(ttl=1) / UDP(sport=1, dport=port) / b"x")
    assert t.received(s)["data"] == b"x"
    t.silent("an error", is_error)


# ---- 5: redirect, host side ----

class Detour:
    """D talks to a far host through its gateway, which may redirect it."""

    count = 0

    def __init__(self, t):
        Detour.count += 1
        self.t, self.far = t, f"203.0.113.{Detour.count}"
        self.gateway, self.better = t.gateway(), t.host()
        self.s, _ = t.udp(addr="0.0.0.0")
        self.packet = self.sent()
        assert self.packet[Ether].dst == self.gateway.mac

    def sent(self):
        self.t.call("udp_send", h=self.s, addr=self.far, port=9, data=b"x")
        return self.t.a.expect("a datagram", lambda p: UDP in p and p[IP].dst == self.far)

    def redirect(self, code=1, by=None, to=None, chksum=None):
        by = by or self.gateway
        self.t.alive()
        by.raw(raw.ip4(by.ip4, A4, 1, raw.icmp(5, code, socket.inet_aton(to or self.better.ip4),
                                               bytes(self.packet[IP])[:28], chksum)))
        self.t.alive()

    def via(self):
        return self.sent()[Ether].dst


@cases("codes",
       ("ICMP4-5.01", "MUST", "RFC 1122 §3.2.2.2", "Redirect code 1 from the first hop: the next "
        "packets to that host use the new gateway", (1,)),
       ("ICMP4-5.02", "MUST", "RFC 1122 §3.2.2.2", "Redirect code 0: accepted and acted on", (0,)),
       ("ICMP4-5.03", "SPEC", "RFC 1122 §3.2.2.2", "Redirect codes 2 and 3: accepted", (2, 3)))
def test_redirect(t, codes):
    for code in codes:
        d = Detour(t)
        d.redirect(code)
        assert d.via() == d.better.mac


@cases("how",
       ("ICMP4-5.04", "SHOULD", "RFC 1122 §3.2.2.2", "Redirect to a gateway that is not on the "
        "subnet: silently discarded", {"to": "10.77.0.1"}),
       ("ICMP4-5.05", "SHOULD", "RFC 1122 §3.2.2.2", "Redirect from who is not the first hop: "
        "silently discarded", {"by": True}),
       ("ICMP4-5.07", "SPEC", "RFC 792", "Redirect with a bad ICMP checksum: ignored",
        {"chksum": 0x1111}))
def test_redirect_is_ignored(t, how):
    d = Detour(t)
    if "by" in how:
        how = {"by": t.host()}
    d.redirect(**how)
    assert d.via() == d.gateway.mac


@case("ICMP4-5.08", "SHOULD", "RFC 1122 §3.2.2.2")
def test_host_sends_no_redirect(t):
    """D is a host and gets a packet for another host of the subnet: D sends no Redirect."""
    h, other = t.host(), t.host()
    t.silent("a Redirect", lambda p: ICMP in p and p[ICMP].type == 5,
             lambda: h.send(IP(src=h.ip4, dst=other.ip4) / UDP(sport=1, dport=2) / b"x"))


@case("ICMP4-5.09", "MUST", "RFC 1122 §3.3.1.4", profile="ageing")
def test_redirected_gateway_dies(t):
    """The gateway learned by a Redirect dies: D goes back to another one."""
    d = Detour(t)
    d.redirect()
    assert d.via() == d.better.mac
    d.better.answers = False
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            if d.via() == d.gateway.mac:
                return
        except (DeviceError, AssertionError):
            pass
        time.sleep(0.1)
    raise AssertionError("within 10 s nothing went by the first gateway")


# ---- 6: timestamp ----

def timestamp(t, options=b"", source=None, destination=A4, mac=None):
    h = source or t.host()
    stamp = struct.pack("!III", 12345, 0, 0)
    h.raw(raw.ip4(h.ip4, destination, 1, raw.icmp(13, 0, b"\0\x11\0\x22", stamp), options),
          **({"dst": mac} if mac else {}))
    return h


def is_timestamp(p):
    return ICMP in p and p[ICMP].type == 14


@case("ICMP4-6.01", "MAY", "RFC 1122 §3.2.2.8", profile="icmp")
def test_timestamp(t):
    """Timestamp Request: a reply with the identifier, sequence and originate time copied."""
    timestamp(t)
    body = bytes(t.a.expect("a Timestamp Reply", is_timestamp)[ICMP])
    assert body[4:8] == b"\0\x11\0\x22" and body[8:12] == struct.pack("!I", 12345)
    assert struct.unpack("!II", body[12:20]) != (0, 0)


@case("ICMP4-6.04", "MUST", "RFC 1122 §3.2.2.8", profile="icmp")
def test_timestamp_source_route(t):
    """Timestamp Request with a source route: the reversed route is in the reply."""
    h, via = t.host(), t.host()
    timestamp(t, b"\x83\7\x08" + socket.inet_aton(via.ip4), h)
    p = t.a.expect("a Timestamp Reply", is_timestamp)
    sent = option(bytes(p[IP])[20:p[IP].ihl * 4], 0x83)
    assert p[IP].dst == via.ip4 and sent and sent[3:7] == socket.inet_aton(h.ip4)


@case("ICMP4-6.05", "SHOULD", "RFC 1122 §3.2.2.8", profile="icmp")
def test_timestamp_record_route(t):
    """Timestamp Request with Record Route: updated and returned."""
    timestamp(t, b"\7\x0b\4" + bytes(8))
    p = t.a.expect("a Timestamp Reply", is_timestamp)
    sent = option(bytes(p[IP])[20:p[IP].ihl * 4], 7)
    assert sent and socket.inet_aton(A4) in (sent[3:7], sent[7:11])


@case("ICMP4-6.06", "MAY", "RFC 1122 §3.2.2.8", profile="icmp")
def test_timestamp_broadcast(t):
    """Timestamp Request to the broadcast: discarded, or answered from a unicast address."""
    timestamp(t, destination=BROADCAST4, mac=BROADCAST)
    t.alive()
    assert all(p[IP].src in (A4, A4B) for p in t.a.seen(is_timestamp))


# ---- 7: address mask ----

MASK = socket.inet_aton("255.255.0.0")


def is_mask(kind):
    return lambda p: ICMP in p and p[ICMP].type == kind


@cases("source",
       ("ICMP4-7.02", "SPEC", "RFC 950 App. I", "agent, unicast request: a reply with the "
        "identifier, the sequence and the interface's mask", None),
       ("ICMP4-7.03", "SPEC", "RFC 950 App. I", "agent, request from 0.0.0.0: the reply is "
        "broadcast", "0.0.0.0"), profile="mask-agent")
def test_mask_agent(t, source):
    h = t.host()
    h.raw(raw.ip4(source or h.ip4, A4, 1, raw.icmp(17, 0, b"\0\5\0\6", bytes(4))))
    p = t.a.expect("an Address Mask Reply", is_mask(18))
    body = bytes(p[ICMP])
    assert body[4:12] == b"\0\5\0\6" + MASK
    assert p[IP].dst == ("255.255.255.255" if source else h.ip4)


@case("ICMP4-7.04", "MUST", "RFC 1122 §3.2.2.9", profile="mask-agent")
def test_mask_agent_starts(t):
    """The agent's link comes up: it broadcasts an Address Mask Reply with its mask."""
    p = t.a.expect("an Address Mask Reply", is_mask(18), 4)
    assert p[IP].dst in ("255.255.255.255", BROADCAST4) and bytes(p[ICMP])[8:12] == MASK


@case("ICMP4-7.06", "MUST", "RFC 1122 §3.2.2.9 (a)", profile="mask-client")
def test_mask_client_starts(t):
    """Client, start-up: an Address Mask Request is broadcast, and sent again a few times."""
    for _ in range(2):
        p = t.a.expect("an Address Mask Request", is_mask(17), 5)
        assert p[Ether].dst == BROADCAST


@case("ICMP4-7.07", "MUST", "RFC 1122 §3.2.2.9 (c)", profile="mask-client")
def test_mask_client_takes_the_first(t):
    """Client, two replies with different masks: the first is used, the second ignored."""
    mask_replies(t, "255.255.255.0", "255.0.0.0")
    assert t.dut.mask() == 24


@case("ICMP4-7.09", "SHOULD", "RFC 1122 §3.2.2.9", profile="mask-client")
def test_mask_client_rejects(t):
    """Client, a reply with an unreasonable mask: rejected."""
    mask_replies(t, "0.255.0.255")
    assert t.dut.mask() == 16


def mask_replies(t, *masks):
    p = t.a.expect("an Address Mask Request", is_mask(17), 5)
    h = t.host()
    for mask in masks:
        h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(18, 0, bytes(p[ICMP])[4:8], socket.inet_aton(mask))))
    t.alive()


@case("ICMP4-7.08", "MUST", "RFC 1122 §3.2.2.9")
def test_mask_reply_is_ignored(t):
    """Client mode off, an Address Mask Reply comes: silently ignored."""
    h = t.host()
    t.silent("an answer", to(h), lambda: h.raw(raw.ip4(
        h.ip4, A4, 1, raw.icmp(18, 0, b"\0\5\0\6", socket.inet_aton("255.255.255.252")))))
    far_on_link = t.host()
    t.sends(far_on_link)
    assert t.a.expect("a datagram", lambda p: UDP in p and
                      p[IP].dst == far_on_link.ip4)[Ether].dst == far_on_link.mac


# ---- 8: obsolete ----

@case("ICMP4-8.03", "MUST", "RFC 6633 §3")
def test_source_quench_tcp(t):
    """Source Quench for a TCP connection: silently discarded, the window is unchanged."""
    c = Peer(t).open()
    c.dut_send(b"hello")
    seg = c.expect("the data", lambda p: c.data(p) == b"hello")
    before = t.call("tcp_info", h=c.c)["cwnd"]
    c.h.send(c.h.ip() / ICMP(type=4, code=0) / bytes(seg[IP])[:28])
    t.alive()
    assert t.call("tcp_info", h=c.c)["cwnd"] == before


@case("ICMP4-8.05", "MUST", "RFC 6633 §5")
def test_source_quench_udp(t):
    """Source Quench for a UDP socket: silently discarded."""
    quench(t)


def quench(t):
    try:
        told = reported_within(t, 4, 0)
    except DeviceError as e:
        assert str(e) == "ETIMEDOUT"
    else:
        raise AssertionError(f"the application was told {told}")


def reported_within(t, kind, code):
    h = t.host()
    s, _ = t.udp(addr="0.0.0.0", raddr=h.ip4, rport=9)
    t.call("udp_send", h=s, data=b"x")
    p = t.a.expect("the datagram", lambda p: UDP in p and to(h)(p))
    h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(kind, code, b"\0\0\0\0", bytes(p[IP])[:28])))
    t.alive()
    return t.call("udp_error", h=s, timeout=0.02)["reported"]
