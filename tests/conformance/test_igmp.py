# SPDX-License-Identifier: BSD-3-Clause
"""IGMP host: RFC 3376, 2236."""

import socket
import struct
import time

from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

import raw
from case import case, cases

IS_EX, TO_IN, TO_EX = 2, 3, 4
ALERT = b"\x94\4\0\0"
QUERY, V1, V2, LEAVE, V3 = 0x11, 0x12, 0x16, 0x17, 0x22
_groups = iter(range(1, 1 << 16))


def fresh():
    n = next(_groups)
    return f"239.77.{n >> 8}.{n & 255}"


def mac_of(group):
    a = socket.inet_aton(group)
    return f"01:00:5e:{a[1] & 127:02x}:{a[2]:02x}:{a[3]:02x}"


def message(kind, code=0, group="0.0.0.0", rest=b"", chksum=None):
    body = struct.pack("!BBH", kind, code, 0) + socket.inet_aton(group) + rest
    return body[:2] + struct.pack("!H", raw.checksum(body) if chksum is None else chksum) + body[4:]


def send(h, body, dst="224.0.0.1"):
    h.raw(raw.ip4(h.ip4, dst, 2, body, ALERT, ttl=1), dst=mac_of(dst))


def query(h, group="0.0.0.0", code=10, sources=(), **f):
    """A version 3 query; code in tenths of a second."""
    rest = struct.pack("!BBH", 2, 125, len(sources)) + b"".join(map(socket.inet_aton, sources))
    send(h, message(QUERY, code, group, rest, **f), "224.0.0.1" if group == "0.0.0.0" else group)


def body_of(p):
    return bytes(p[IP])[p[IP].ihl * 4:p[IP].len]


def is_igmp(p, *kinds):
    return IP in p and p[IP].proto == 2 and (not kinds or body_of(p)[0] in kinds)


def records(p):
    """The records of a version 3 report: group to (type, sources)."""
    found = {}
    if is_igmp(p, V3):
        data = body_of(p)
        at = 8
        for _ in range(struct.unpack("!H", data[6:8])[0]):
            kind, aux, n = struct.unpack_from("!BBH", data, at)
            sources = [socket.inet_ntoa(data[at + 8 + 4 * i:at + 12 + 4 * i]) for i in range(n)]
            found[socket.inet_ntoa(data[at + 4:at + 8])] = (kind, sources)
            at += 8 + 4 * n + 4 * aux
    return found


def about(group, *kinds):
    return lambda p: group in records(p) and (not kinds or records(p)[group][0] in kinds)


def join(t, group=None, **args):
    group = group or fresh()
    s, _ = t.udp(addr="0.0.0.0", port=0)
    t.call("udp_join", h=s, group=group, **args)
    return s, group


def joined(t):
    """A group whose state-change reports are all sent."""
    s, group = join(t)
    for _ in range(2):
        t.a.expect("a report", about(group, TO_EX), 2.5)
    return s, group


# ---- 1: version 3 ----

@case("IGMP-1.02", "SPEC", "RFC 3376 §4.2.14")
def test_destination(t):
    """A report: its destination is 224.0.0.22, TTL 1, with Router Alert."""
    _, group = join(t)
    p = t.a.expect("a report", about(group))
    assert (p[IP].dst, p[Ether].dst, p[IP].ttl) == ("224.0.0.22", "01:00:5e:00:00:16", 1)
    assert bytes(p[IP])[20:24] == ALERT and raw.checksum(body_of(p)) == 0


@case("IGMP-1.03", "SPEC", "RFC 3376 §5.1")
def test_join(t):
    """Join: a CHANGE_TO_EXCLUDE {} report at once."""
    start = time.time()
    _, group = join(t)
    p = t.a.expect("a report", about(group))
    assert records(p)[group] == (TO_EX, []) and p.time - start < 0.3


@case("IGMP-1.04", "SPEC", "RFC 3376 §5.1")
def test_join_again(t):
    """Join: the report is sent again [Robustness]-1 times within a second each."""
    _, group = join(t)
    first = t.a.expect("a report", about(group, TO_EX))
    assert t.a.expect("it again", about(group, TO_EX), 2).time - first.time <= 1.2


@case("IGMP-1.05", "SPEC", "RFC 3376 §5.1")
def test_leave(t):
    """Leave: a CHANGE_TO_INCLUDE {} report, sent again likewise."""
    s, group = joined(t)
    t.call("udp_leave", h=s, group=group)
    for _ in range(2):
        p = t.a.expect("a report", about(group), 2)
        assert records(p)[group] == (TO_IN, [])


@case("IGMP-1.08", "SPEC", "RFC 3376 §5.1")
def test_change_while_pending(t):
    """A second change while a resend is pending: the new state is reported at once, the old one
    no more."""
    s, group = join(t)
    t.a.expect("a report", about(group, TO_EX))
    t.call("udp_leave", h=s, group=group)
    t.a.expect("the new state", about(group, TO_IN), 0.5)
    t.a.expect("it again", about(group, TO_IN), 2)
    last = t.a.seen(about(group))[-2:]
    assert all(records(p)[group][0] == TO_IN for p in last)


@case("IGMP-1.09", "SPEC", "RFC 3376 §5.2")
def test_general_query(t):
    """General Query with Max Resp 1 s: a current-state report within that time."""
    _, group = joined(t)
    h = t.host()
    start = time.time()
    query(h)
    p = t.a.expect("a report", about(group, IS_EX), 2)
    assert p.time - start <= 1.2


@case("IGMP-1.12", "SPEC", "RFC 3376 §5.2")
def test_group_and_source_query(t):
    """Group-and-Source Query for a group joined from any source: the sources asked for are
    wanted, IS_IN."""
    _, group = joined(t)
    query(t.host(), group, sources=("192.0.2.9",))
    p = t.a.expect("a report", about(group, 1), 2)
    assert records(p)[group] == (1, ["192.0.2.9"])


@case("IGMP-1.15", "SPEC", "RFC 3376 §5")
def test_all_hosts(t):
    """Group 224.0.0.1: never reported, not even when asked for."""
    _, group = joined(t)
    query(t.host())
    t.a.expect("a report", about(group, IS_EX), 2)
    t.alive()
    assert not t.a.seen(lambda p: "224.0.0.1" in records(p))


# ---- 2: versions 1 and 2 ----

def old_query(h, code):
    send(h, message(QUERY, code))


@case("IGMP-2.01", "SPEC", "RFC 3376 §7.1", profile="igmp1")
def test_version_1(t):
    """8-octet query, Max Resp 0: version 1 reports from then on."""
    old_query(t.host(), 0)
    t.alive()
    _, group = join(t)
    p = t.a.expect("a report", lambda p: is_igmp(p) and (p[IP].dst == group or group in records(p)))
    assert body_of(p)[0] == V1 and p[IP].dst == group


def version_2(t):
    old_query(t.host(), 5)
    t.alive()
    time.sleep(0.6)


def v2_report(group):
    return lambda p: is_igmp(p, V2) and p[IP].dst == group


@case("IGMP-2.02", "SPEC", "RFC 3376 §7.1", profile="igmp2")
def test_version_2(t):
    """8-octet query, Max Resp not 0: taken as version 2."""
    version_2(t)
    _, group = join(t)
    p = t.a.expect("a report", lambda p: is_igmp(p) and (p[IP].dst == group or group in records(p)))
    assert body_of(p)[0] == V2


@case("IGMP-2.03", "MUST", "RFC 3376 §7.1")
def test_odd_query(t):
    """10-octet query: silently ignored, version 3 stays."""
    _, group = joined(t)
    send(t.host(), message(QUERY, 1, rest=b"\0\0"))
    time.sleep(0.3)
    t.alive()
    assert not t.a.seen(lambda p: is_igmp(p, V1, V2) or about(group, IS_EX)(p))


@case("IGMP-2.04", "SPEC", "RFC 2236 §3", profile="igmp2")
def test_version_2_join(t):
    """Version 2, join: a report at once, sent again once or twice (within 10 s each)."""
    version_2(t)
    _, group = join(t)
    t.a.expect("a report", v2_report(group), 0.5)
    t.a.expect("it again", v2_report(group), 11)


def v2_joined(t):
    version_2(t)
    s, group = join(t)
    t.a.expect("a report", v2_report(group))
    t.a.expect("it again", v2_report(group), 11)
    return s, group


@case("IGMP-2.05", "SPEC", "RFC 2236 §3", profile="igmp2")
def test_suppression(t):
    """Version 2, another host reports the group during the delay: D's own report is
    suppressed."""
    _, group = v2_joined(t)
    h = t.host()
    for _ in range(5):  # the delay may end before the other's report comes
        mark = t.a.mark()
        old_query(h, 20)
        send(h, message(V2, 0, group), group)
        time.sleep(2.2)
        t.alive()
        if not t.a.seen(v2_report(group), mark):
            return
    raise AssertionError("five times D reported although another host had")


@case("IGMP-2.06", "SHOULD", "RFC 2236 §3", profile="igmp2")
def test_version_2_leave(t):
    """Version 2, D was the last reporter and leaves: Leave Group to 224.0.0.2."""
    s, group = v2_joined(t)
    t.call("udp_leave", h=s, group=group)
    p = t.a.expect("Leave Group", lambda p: is_igmp(p, LEAVE))
    assert p[IP].dst == "224.0.0.2" and body_of(p)[4:8] == socket.inet_aton(group)


@case("IGMP-2.07", "SPEC", "RFC 2236 §3", profile="igmp2")
def test_version_2_query(t):
    """Version 2, General Query with Max Resp 1 s: a report of the group within that time."""
    _, group = v2_joined(t)
    start = time.time()
    old_query(t.host(), 10)
    assert t.a.expect("a report", v2_report(group), 2).time - start <= 1.2


# ---- 3: validation ----

@case("IGMP-3.01", "MUST", "RFC 3376 §4.1.2")
def test_bad_checksum(t):
    """A query with a bad IGMP checksum: ignored."""
    _, group = joined(t)
    query(t.host(), code=1, chksum=0x1234)
    time.sleep(0.3)
    t.alive()
    assert not t.a.seen(about(group, IS_EX))


@case("IGMP-3.02", "MUST", "RFC 3376 §4")
def test_unknown_type(t):
    """An unknown IGMP type: silently ignored."""
    h = t.host()
    t.silent("IGMP", is_igmp, lambda: send(h, message(0x77, 1)))


@case("IGMP-3.03", "ROBUST", "none")
def test_source_count(t):
    """A query whose number of sources is larger than the packet: ignored, nothing is read past
    its end."""
    _, group = joined(t)
    h = t.host()
    rest = struct.pack("!BBH", 2, 125, 500) + socket.inet_aton("192.0.2.9")
    send(h, message(QUERY, 1, group, rest), group)
    time.sleep(0.3)
    t.alive()
    assert not t.a.seen(about(group, IS_EX, 1))
