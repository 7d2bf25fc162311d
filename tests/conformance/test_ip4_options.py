# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 options: RFC 791 section 3.1, 1122 sections 3.2.1.8 and 3.2.2.6."""

import random
import socket
import struct

from scapy.layers.inet import ICMP, IP

import raw
from case import case, cases
from dut import A4, DeviceError

OPTIONS = "RFC 1122 §3.2.1.8"
OTHER = socket.inet_aton("10.1.9.9")
US = socket.inet_aton(A4)


def echo(t, options, **f):
    """An Echo Request with options; the reply's options, as octets."""
    h = t.host()
    h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(8, 0, b"\0\3\0\1", b"opt"), options, **f))
    p = t.a.expect("an echo reply", lambda p: ICMP in p and p[ICMP].type == 0 and
                   p[IP].dst == h.ip4)
    return bytes(p[IP])[20:p[IP].ihl * 4]


def option(options, kind):
    """The octets of that option in a header, or None."""
    while options and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
            continue
        if options[0] == kind:
            return options[:options[1]]
        options = options[options[1]:]
    return None


@cases("options",
       ("IP4-6.01", "MUST", OPTIONS, "unknown option (type 0x9e, length 4): ignored, the datagram "
        "is delivered", b"\x9e\4\1\2"),
       ("IP4-6.03", "MUST", OPTIONS + " (b)", "Stream Identifier: silently ignored",
        b"\x88\4\0\1"),
       ("IP4-6.05", "MUST", OPTIONS + " (c)", "completed strict source route: delivered",
        b"\x89\7\x08" + OTHER))
def test_delivered(t, options):
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7200)
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 9, port, b"data"), options))
    assert t.received(s)["data"] == b"data"


@case("IP4-6.06", "MUST", "RFC 1122 §3.2.2.6")
def test_source_route_is_reversed(t):
    """Echo Request with a completed loose source route: the reply carries the reversed route."""
    h = t.host()
    via = t.host()
    route = b"\x83\x0b\x0c" + socket.inet_aton("10.1.9.9") + socket.inet_aton(via.ip4)
    h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(8, 0, b"\0\3\0\1", b"opt"), route))
    p = t.a.expect("an echo reply", lambda p: ICMP in p and p[ICMP].type == 0)
    assert p[IP].dst == via.ip4
    sent = option(bytes(p[IP])[20:p[IP].ihl * 4], 0x83)
    assert sent and sent[2] == 4
    assert sent[3:] == socket.inet_aton("10.1.9.9") + socket.inet_aton(h.ip4)


@case("IP4-6.07", "MUST", OPTIONS + " (c)")
def test_two_source_routes(t):
    """D is asked to send two source routes: never sent."""
    h = t.host()
    route = b"\x83\7\4" + OTHER + b"\x89\7\4" + OTHER + b"\1\0"

    def act():
        try:
            s, _ = t.udp(addr="0.0.0.0", options=route)
            t.call("udp_send", h=s, addr=h.ip4, port=9, data=b"x")
        except (DeviceError, AssertionError):
            pass  # refused
    t.silent("two source routes", lambda p: IP in p and option(
        bytes(p[IP])[20:p[IP].ihl * 4], 0x83) and option(bytes(p[IP])[20:p[IP].ihl * 4], 0x89), act)


@case("IP4-6.08", "SHOULD", "RFC 1122 §3.2.2.6")
def test_record_route(t):
    """Echo Request with Record Route: the reply has the option with D's address recorded."""
    sent = option(echo(t, b"\7\x0f\4" + bytes(12)), 7)
    assert sent and US in (sent[3:7], sent[7:11])


@case("IP4-6.09", "SPEC", "RFC 791 §3.1")
def test_record_route_full(t):
    """Record Route already full: nothing is written past it, the datagram is handled."""
    sent = option(echo(t, b"\7\7\x08" + OTHER + b"\1"), 7)
    assert sent in (None, b"\7\7\x08" + OTHER)


def stamp_at(octets):
    """A standard time stamp: ms since midnight UT, the high bit clear."""
    return struct.unpack("!I", octets)[0]


@case("IP4-6.10", "MUST", OPTIONS + " (e)")
def test_timestamp(t):
    """Timestamp, flag 0: D adds its time if there is room."""
    sent = option(echo(t, b"\x44\x0c\5\0" + bytes(8)), 0x44)
    assert sent and sent[2] >= 9 and 0 < stamp_at(sent[4:8])


@case("IP4-6.11", "SPEC", "RFC 791 §3.1")
def test_timestamp_with_address(t):
    """Timestamp, flag 1: D's address and time are added."""
    sent = option(echo(t, b"\x44\x0c\5\1" + bytes(8)), 0x44)
    assert sent and sent[2] == 13 and sent[4:8] == US and stamp_at(sent[8:12])


@case("IP4-6.12", "SPEC", "RFC 791 §3.1")
def test_timestamp_prespecified(t):
    """Timestamp, flag 3, the next address is D's: D's time is added."""
    sent = option(echo(t, b"\x44\x0c\5\3" + US + bytes(4)), 0x44)
    assert sent and sent[2] == 13 and sent[4:8] == US and stamp_at(sent[8:12])


@case("IP4-6.14", "SPEC", "RFC 791 §3.1")
def test_timestamp_overflow(t):
    """Timestamp full: the overflow count is increased by one."""
    sent = option(echo(t, b"\x44\x08\x09\x10" + b"\0\0\0\5"), 0x44)
    assert sent and sent[3] >> 4 == 2 and sent[4:8] == b"\0\0\0\5"


@cases("options",
       ("IP4-6.15", "SHOULD", "RFC 1122 §3.2.2.5", "option length 1 on an option of many octets: "
        "discarded, with a Parameter Problem", b"\7\1\4\0"),
       ("IP4-6.16", "SHOULD", "RFC 1122 §3.2.2.5", "option runs past the header: discarded, with "
        "a Parameter Problem", b"\7\x27\4\0"))
def test_bad_option(t, options):
    h = t.host()
    s, port = t.udp(addr="0.0.0.0", port=7200)
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 9, port, b"bad"), options))
    p = t.a.expect("a Parameter Problem", lambda p: ICMP in p and p[IP].dst == h.ip4)
    assert (p[ICMP].type, p[ICMP].code) == (12, 0)
    h.raw(raw.ip4(h.ip4, A4, 17, raw.udp(h.ip4, A4, 9, port, b"good")))
    assert t.received(s)["data"] == b"good"


@case("IP4-6.18", "ROBUST", "none")
def test_random_options(t):
    """500 packets with 40 random option octets: no crash."""
    h, rng = t.host(), random.Random(618)
    t.alive()
    for _ in range(500):
        h.raw(raw.ip4(h.ip4, A4, 1, raw.icmp(8, 0, b"\0\3\0\1", b"opt"), rng.randbytes(40)))
    t.alive()
