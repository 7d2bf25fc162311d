# SPDX-License-Identifier: BSD-3-Clause
"""TCP initial sequence numbers, floods, ICMP errors, keep-alive, urgent data, ECN: RFC 6528, 4987,
5927, 1191, 9293, 3168."""

import random
import struct
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import IPv6

import raw
from case import case, cases
from dut import A4, DeviceError
from peer import M32, Peer
from test_tcp_window import MSS, Sender
from wire import Unanswered


# ---- 13: initial sequence number, floods ----

def isns(t, count, host=None):
    """The device's initial sequence numbers towards one host, port after port."""
    c = Peer(t, host=host).listen(backlog=4096)
    found = []
    for _ in range(count):
        c.sport += 1
        c.send("S", options=c.options, move=False)
        p = c.expect_flags("SA")
        found.append(p[TCP].seq)
        c.send("R", seq=c.iss + 1)
    return found


@case("TCP-13.02", "SHOULD", "RFC 6528 §3")
def test_isn_differs(t):
    """Connections on different 4-tuples: their ISNs do not follow from each other."""
    found = isns(t, 40)
    steps = [b - a & M32 for a, b in zip(found, found[1:])]
    assert len(set(steps)) == len(steps)
    assert max(steps) - min(steps) > 1 << 28


@case("TCP-13.03", "MUST", "RFC 9293 §3.4.1 (MUST-9)", profile="ecn")
def test_isn_after_restart(t):
    """200 ISNs from one tester, then D restarts: no ISN is shared, and the differences between
    ports are others."""
    h = t.host()
    before = isns(t, 200, h)
    assert len(set(before)) == 200
    profile = t.dut.profile
    t.devices.close()
    t.__init__(t.devices.get(profile), t.devices)
    again = isns(t, 20, t.host(ip4=h.ip4, mac=h.mac))
    steps = [b - a & M32 for a, b in zip(before, before[1:20])]
    assert steps != [b - a & M32 for a, b in zip(again, again[1:])]


@case("TCP-13.04", "SPEC", "RFC 4987 §3")
def test_syn_flood(t):
    """20 000 SYNs from random sources: an established connection is unaffected, and new honest
    handshakes complete."""
    c, gateway = Peer(t).open(), t.gateway()
    rng = random.Random(13)
    head = bytes(gateway.ether(type=0x0800))

    def syn():
        source = f"198.18.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        tcp = struct.pack("!HHIIBBHHH", rng.randrange(1024, 65536), c.dport, rng.randrange(1 << 32),
                          0, 0x50, 2, 65535, 0, 0)
        total = raw.checksum(raw.pseudo(source, A4, 6, 20) + tcp)
        return head + raw.ip4(source, A4, 6, tcp[:16] + total.to_bytes(2, "big") + tcp[18:])
    for _ in range(100):  # as many as the link's queue holds
        t.a.flood(syn() for _ in range(200))
        t.alive()
    c.works()
    d = Peer(t)
    d.dport, d.listener = c.dport, c.listener
    for _ in range(5):
        try:
            d.syn().send()
            break
        except Unanswered:  # lost in the flood, as an honest SYN may be: it is sent again
            d.snd = d.iss
    for _ in range(3):
        d.accept()
        try:
            d.works()
            return
        except DeviceError:
            pass
    pytest.fail("the new connection does not work")


@case("TCP-13.05", "SPEC", "RFC 4987 §3.6", profile="cookies")
def test_forged_cookie(t):
    """Cookies in use, a forged ACK: RST, no connection."""
    c = Peer(t).listen()
    c.syn()
    d = Peer(t)
    d.dport, d.rcv = c.dport, 0x12345678
    d.send("A")
    d.expect_rst(seq=0x12345678)
    with pytest.raises(DeviceError):
        t.call("tcp_accept", h=c.listener, timeout=0)


@case("TCP-13.06", "SPEC", "RFC 4987 §3.6", profile="cookies")
def test_honest_cookie(t):
    """Cookies in use, an honest ACK: a connection, with the MSS that the peer offered."""
    c = Peer(t, mss=536).open()
    c.works()
    c.dut_send(fill=5000)
    first = c.expect("data", c.data)
    assert len(c.data(first)) <= 536


@case("TCP-13.07", "ROBUST", "none")
def test_land(t):
    """SYN with source = destination = D (LAND): dropped, no loop."""
    c = Peer(t).listen()

    def act():
        for port in (c.dport, 9):
            c.h.send(IP(src=A4, dst=A4) / TCP(sport=port, dport=port, flags="S", seq=1))
    t.silent("TCP", lambda p: TCP in p, act, wait=0.05)


# ---- 14: ICMP, keep-alive, urgent ----

def error(c, segment, kind, code, rest=b"\0\0\0\0", seq=None):
    """An ICMP error of the peer's host about that segment, or about another sequence number."""
    quote = bytearray(bytes(segment[IP])[:28])
    if seq is not None:
        quote[24:28] = struct.pack("!I", seq & M32)
    c.h.raw(raw.ip4(c.h.ip4, A4, 1, raw.icmp(kind, code, rest, bytes(quote))))


@case("TCP-14.01", "MUST", "RFC 9293 §3.9.2.2 (MUST-56)")
def test_soft_errors(t):
    """Destination Unreachable codes 0, 1 and 5 (ICMPv6: 1/0, 1/3) for ESTABLISHED: soft, not
    aborted."""
    c = Peer(t).open()
    c.dut_send(b"hello")
    p = c.expect("data", c.data)
    for code in (0, 1, 5):
        error(c, p, 3, code)
    c.ack_to(p)
    c.works()
    d = Peer(t, v6=True).open()
    d.dut_send(b"hello")
    p = d.expect("data", d.data)
    from scapy.layers.inet6 import ICMPv6DestUnreach
    for code in (0, 3):
        d.h.send(d.ip() / ICMPv6DestUnreach(code=code) / bytes(p[IPv6])[:68])
    d.ack_to(p)
    d.works()


@case("TCP-14.04", "SHOULD", "RFC 5927 §4.1")
def test_error_outside_window(t):
    """A hard error for SYN-SENT and for ESTABLISHED whose quoted SEQ is outside
    SND.UNA..SND.NXT: ignored."""
    c = Peer(t)
    syn = c.connect()
    error(c, syn, 3, 3, seq=syn[TCP].seq + 50000)
    t.alive()
    c.send("SA", options=c.options)
    c.expect_ack()
    t.call("tcp_opened", h=c.c)
    c.dut_send(b"hello")
    p = c.expect("data", c.data)
    error(c, p, 3, 2, seq=p[TCP].seq + 50000)
    c.ack_to(p)
    c.works()


@case("TCP-14.05", "SPEC", "RFC 1191 §6.4")
def test_path_mtu(t):
    """Fragmentation needed (MTU 1000) for a segment in flight: resent in smaller segments."""
    s = Sender(t, 30000)
    flight = s.burst(0.02)
    p = t.a.seen(lambda p: s.c.mine(p) and s.c.data(p))[0]
    assert flight[0][1] == MSS and p[IP].flags.DF
    error(s.c, p, 3, 4, struct.pack("!HH", 0, 1000))
    again = s.c.expect("the first again", lambda p: s.c.data(p) and p[TCP].seq == s.base, 1)
    assert again[IP].len <= 1000
    size = len(s.c.data(again))
    s.c.rcv = s.base
    s.c.ack_to(again)
    assert len(s.c.expect_data(30000 - size, 4)) == 30000 - size


@case("TCP-14.06", "ROBUST", "RFC 5927 §7.2")
def test_forged_path_mtu(t):
    """Fragmentation needed with MTU 68 and a stale sequence number: segments stay usable."""
    c = Peer(t).open()
    c.dut_send(b"hello")
    p = c.expect("data", c.data)
    c.ack_to(p)
    error(c, p, 3, 4, struct.pack("!HH", 0, 68), seq=p[TCP].seq - 100000)
    t.alive()
    c.dut_send(fill=20000)
    first = c.expect("data", c.data)
    assert len(c.data(first)) >= 500


@case("TCP-14.08", "MUST", "RFC 9293 §3.8.4 (MUST-28)")
def test_keepalive(t):
    """Keep-alive: by default the first probe comes after two hours or more; set to one second it
    comes then, and an answer keeps the connection."""
    assert t.dut.default("keepalive-idle") >= 7200
    c = Peer(t).open(keepalive=True, idle=1, interval=1, count=3)
    c.dut("set", keepalive=True, idle=1, interval=1, count=3)
    start = time.time()
    p = c.expect("a probe", lambda p: "A" in c.flags(p), 3)
    assert p.time - start >= 0.8 and p[TCP].seq == c.rcv - 1 & M32
    c.send()
    c.works()


@case("TCP-14.10", "MUST", "RFC 9293 §3.8.5 (MUST-31, 62)")
def test_urgent(t):
    """URG with a pointer: the application is told."""
    c = Peer(t).open()
    c.send("PAU", b"urgent", urgptr=6)
    t.call("tcp_urgent", h=c.c)
    assert c.dut_recv(6) == b"urgent"


@case("TCP-14.11", "MUST", "RFC 9293 §3.8.5 (MUST-32)")
def test_urgent_behind_queue(t):
    """Urgent data behind a long queue: the application is told at once."""
    c = Peer(t).open()
    for _ in range(5):
        c.send("PA", bytes(1000))
    c.send("PAU", b"urgent", urgptr=6)
    t.call("tcp_urgent", h=c.c)


@case("TCP-14.12", "SPEC", "RFC 9293 §3.10.7.4")
def test_urgent_in_close_wait(t):
    """URG in CLOSE-WAIT: ignored."""
    c = Peer(t).reach("CLOSE-WAIT")
    c.send("PAU", b"urgent", urgptr=6, move=False)
    t.alive()
    with pytest.raises((DeviceError, AssertionError)):
        t.call("tcp_urgent", h=c.c, timeout=0.05)
    answer = t.call("tcp_recv", h=c.c)
    assert answer["data"] == b"" and answer["eof"]


# ---- 15: ECN ----

def ecn(t):
    c = Peer(t).listen()
    c.send("SEC", options=c.options)
    p = c.expect("SYN,ACK", lambda p: "S" in c.flags(p))
    c.agree(p)
    c.send()
    return c.accept(), p


@case("TCP-15.01", "MUST", "RFC 3168 §6.1.1", profile="ecn")
def test_ecn_setup(t):
    """SYN with ECE and CWR: SYN,ACK with ECE only, where ECN is on."""
    _, p = ecn(t)
    assert "E" in str(p[TCP].flags) and "C" not in str(p[TCP].flags)


@case("TCP-15.03", "MUST", "RFC 3168 §6.1.1", profile="ecn")
def test_ect_only_on_data(t):
    """SYN, SYN,ACK and pure ACKs: not sent as ECT; data is."""
    c, p = ecn(t)
    assert p[IP].tos & 3 == 0
    c.send("PA", b"data")
    assert c.expect_ack()[IP].tos & 3 == 0
    c.dut_recv(4)
    c.dut_send(b"data")
    assert c.expect("data", c.data)[IP].tos & 3 in (1, 2)
    d = Peer(t)
    d.c = t.call("tcp_connect", addr=d.h.ip4, port=d.sport)["h"]
    assert d.expect("a SYN", lambda p: "S" in d.flags(p))[IP].tos & 3 == 0


@case("TCP-15.06", "MUST", "RFC 3168 §6.1.5", profile="ecn")
def test_retransmission_is_not_ect(t):
    """Retransmitted segments: not ECT."""
    c, _ = ecn(t)
    c.dut_send(b"lost")
    p = c.expect("data", c.data)
    assert p[IP].tos & 3 in (1, 2)
    again = c.expect("the data again", lambda q: q[TCP].seq == p[TCP].seq and c.data(q))
    assert again[IP].tos & 3 == 0
