# SPDX-License-Identifier: BSD-3-Clause
"""TCP options: SACK (RFC 2018, 2883, 6675, 8985), window scale and timestamps (RFC 7323)."""

import time

import pytest
from scapy.layers.inet import TCP

from case import case
from dut import DeviceError
from peer import M32, Peer
from test_tcp_window import MSS, Sender

SACK = ("SAckOK", b"")
TS = ("Timestamp", (1000, 0))


def blocks(p):
    """The SACK blocks of a segment: (left, right)."""
    for kind, value in p[TCP].options:
        if kind == "SAck":
            return [(value[i], value[i + 1]) for i in range(0, len(value), 2)]
    return []


def option(p, name):
    return next((v for k, v in p[TCP].options if k == name), None)


def receiver(t, *options):
    return Peer(t, options=options).open()


def island(c, at, size=100):
    """Octets beyond a gap: the ACK that they cause, and their range."""
    left = c.snd + at & M32
    c.send("PA", bytes(size), seq=left, move=False)
    return c.expect_ack(), (left, left + size & M32)


# ---- 11: SACK and RACK-TLP ----

@case("TCP-11.01", "SPEC", "RFC 2018 §2")
def test_sack_permitted(t):
    """SACK-Permitted in the peer's SYN: D answers with it."""
    c = receiver(t, SACK)
    assert option(c.synack, "SAckOK") is not None


@case("TCP-11.02", "MUST", "RFC 2018 §2")
def test_sack_permitted_later(t):
    """SACK-Permitted in a segment that is no SYN: ignored, and never sent there by D."""
    c = receiver(t)
    c.send("PA", b"x", options=[SACK, ("NOP", None), ("NOP", None)])
    assert c.dut_recv(1) == b"x"
    p, _ = island(c, 100)
    assert not blocks(p)
    assert not t.a.seen(lambda p: c.mine(p) and "S" not in c.flags(p) and
                        option(p, "SAckOK") is not None)


@case("TCP-11.03", "SPEC", "RFC 2018 §3")
def test_sack_not_offered(t):
    """The peer did not offer SACK: D sends no SACK blocks."""
    c = receiver(t)
    p, _ = island(c, 100)
    assert not blocks(p)


@case("TCP-11.04", "MUST", "RFC 2018 §4")
def test_first_block(t):
    """Two gaps: the first block holds the segment that caused the ACK."""
    c = receiver(t, SACK)
    _, first = island(c, 1000)
    p, second = island(c, 2000)
    assert blocks(p)[0] == second and first in blocks(p)
    p, grown = island(c, 1100)
    assert blocks(p)[0] == (first[0], grown[1])


@case("TCP-11.05", "SHOULD", "RFC 2018 §4")
def test_many_blocks(t):
    """Three gaps: as many blocks as fit, the recent ones repeated."""
    c = receiver(t, SACK)
    islands = []
    for n in range(1, 4):
        p, block = island(c, 1000 * n)
        islands.insert(0, block)
    assert blocks(p) == islands


@case("TCP-11.06", "SPEC", "RFC 2018 §3")
def test_blocks_with_timestamps(t):
    """Timestamps on, four gaps: at most three blocks."""
    c = receiver(t, SACK, TS)
    for n in range(1, 5):
        c.ts_val += 1
        p, block = island(c, 1000 * n)
    assert blocks(p)[0] == block and 1 <= len(blocks(p)) <= 3


@case("TCP-11.09", "SHOULD", "RFC 2883 §4")
def test_dsack(t):
    """A duplicate segment: the first block is the duplicate's range."""
    c = receiver(t, SACK)
    c.send("PA", bytes(100))
    c.expect_ack()
    c.send("PA", bytes(100), seq=c.snd - 100, move=False)
    p = c.expect_ack()
    assert blocks(p) and blocks(p)[0] == (c.snd - 100, c.snd)


class Sacking(Sender):
    """A sender whose segments are acknowledged selectively."""

    def __init__(self, t, size=400000, warm=True, **args):
        super().__init__(t, size, options=[SACK], **args)
        self.flight = self.burst()
        if warm:
            self.ack_each(self.flight)
            self.flight = self.burst()

    def sack(self, *ranges):
        """A duplicate ACK with these blocks: offsets of octets."""
        value = tuple(self.base + x & M32 for r in ranges for x in r)
        self.c.send(ack=self.base + self.acked, options=[
            ("NOP", None), ("NOP", None), ("SAck", value)])

    def segment(self, n):
        at, size = self.flight[n]
        return (at, at + size)


@case("TCP-11.11", "SPEC", "RFC 6675 §5")
def test_recovery_order(t):
    """Recovery with two segments lost: both are resent before new data, in order, and no more
    is in flight than before."""
    s = Sacking(t)
    start, high = s.segment(0)[0], s.high
    for n in range(2, 8):
        s.sack((s.segment(2)[0], s.segment(n)[1]))
    for n in range(9, len(s.flight)):
        s.sack((s.segment(9)[0], s.segment(n)[1]), (s.segment(2)[0], s.segment(7)[1]))
    got = s.burst(0.02, 0.1)
    again = [at for at, _ in got if at < high]
    assert again[:1] == [start] and s.segment(1)[0] in again
    assert again == sorted(again)
    new = s.new(got, high)
    assert sum(n for _, n in new) <= sum(n for _, n in s.flight)


@case("TCP-11.12", "SPEC", "RFC 6675 §5")
def test_rescue(t):
    """The last segment is lost during recovery: it is resent (rescue or loss probe) before the
    timer would have expired twice."""
    s = Sacking(t, 30000)
    s.ack_each(s.flight[:0])
    last = len(s.flight) - 1
    assert last >= 4
    for n in range(1, last):
        s.sack((s.segment(1)[0], s.segment(n)[1]))
    s.c.expect("the first again", lambda p: p[TCP].seq == s.base + s.segment(0)[0] & M32)
    s.acked = s.segment(last)[0]
    s.ack(s.acked)
    s.c.expect("the last again", lambda p: p[TCP].seq == s.base + s.segment(last)[0] & M32, 1)


@case("TCP-11.13", "ROBUST", "none")
def test_bad_blocks(t):
    """SACK blocks outside SND.UNA..SND.NXT, or reversed: ignored, the connection works."""
    s = Sacking(t, 100000)
    s.sack((s.high + 5000, s.high + 6000))
    s.sack((s.segment(3)[1], s.segment(3)[0]))
    s.sack((-50000, -40000))
    t.alive()
    s.c.rcv = s.base + s.acked & M32
    assert len(s.c.expect_data(100000 - s.acked, 4)) == 100000 - s.acked


@case("TCP-11.14", "SPEC", "RFC 8985 §6.2")
def test_rack(t):
    """A later segment is acknowledged and the reordering window has passed: the earlier one is
    resent, before the timer."""
    s = Sacking(t)
    start = time.time()
    s.sack(s.segment(1))
    p = s.c.expect("the first again", lambda p: p[TCP].seq == s.base + s.segment(0)[0] & M32, 1)
    assert p.time - start < 0.18


@case("TCP-11.16", "SPEC", "RFC 8985 §6.2")
def test_lost_retransmission(t):
    """The retransmission itself is lost: found by time order and resent before the timer."""
    s = Sacking(t)
    first = lambda p: p[TCP].seq == s.base + s.segment(0)[0] & M32
    for n in range(1, 5):
        s.sack((s.segment(1)[0], s.segment(n)[1]))
    high = s.high
    s.c.expect("the first again", first)
    new = s.burst(0.01, 0.05)
    for n in range(5, len(s.flight)):
        s.sack((s.segment(1)[0], s.segment(n)[1]))
    new += s.burst(0.01, 0.05)
    start = time.time()
    for at, size in s.new(new, high):
        s.sack((at, at + size), (s.segment(1)[0], high))
    p = s.c.expect("the first once more", first, 1)
    assert p.time - start < 0.18


@case("TCP-11.17", "SPEC", "RFC 8985 §7.2")
def test_tail_loss_probe(t):
    """The tail of the flight is lost: a probe after about 2 SRTT, before the timer."""
    c = Peer(t, options=[SACK]).open()
    for _ in range(8):
        c.dut_send(b"measure")
        c.expect_data(7)
    c.dut_send(fill=3 * MSS)
    for _ in range(3):
        last = c.expect("data", c.data)
    p = c.expect("the probe", lambda p: p[TCP].seq == last[TCP].seq, 1)
    assert p.time - last.time < 0.15


# ---- 12: window scale, timestamps, PAWS ----

@case("TCP-12.01", "MUST", "RFC 7323 §2.2")
def test_scale_later(t):
    """Window scale in a segment that is no SYN: ignored."""
    c = Peer(t, window=4 * MSS, options=[("WScale", 0)]).open()
    c.send("PA", b"x", options=[("NOP", None), ("WScale", 7)])
    c.dut_recv(1)
    c.dut_send(fill=100000)
    t.alive()
    time.sleep(0.05)
    assert len(t.a.seen(lambda p: c.mine(p) and c.data(p))) <= 4


@case("TCP-12.02", "MUST", "RFC 7323 §2.2")
def test_scale_not_offered(t):
    """The peer did not offer window scale: none in the SYN,ACK, and D does not scale."""
    c = Peer(t, window=4 * MSS).open()
    assert option(c.synack, "WScale") is None
    c.dut_send(fill=100000)
    t.alive()
    time.sleep(0.05)
    assert len(t.a.seen(lambda p: c.mine(p) and c.data(p))) == 4


@case("TCP-12.03", "MUST", "RFC 7323 §2.3")
def test_scale_15(t):
    """Shift 15 is offered: 14 is used."""
    s = Sender(t, 600000, options=[("WScale", 15)])
    s.c.window = 1
    segments = s.burst()
    for _ in range(4):
        s.ack_each(segments)
        segments = s.burst()
    flight = s.high - s.acked
    assert flight <= 1 << 14 and flight > (1 << 14) - MSS


@case("TCP-12.05", "MUST", "RFC 7323 §3.2")
def test_timestamps_everywhere(t):
    """Both sides offered timestamps: every segment of D but RST has the option."""
    c = receiver(t, TS)
    c.works()
    c.close()
    c.ack_fin()
    found = t.a.seen(lambda p: c.mine(p) and "R" not in c.flags(p))
    assert len(found) >= 3 and all(option(p, "Timestamp") for p in found)


@case("TCP-12.07", "SPEC", "RFC 7323 §3.2")
def test_echo_without_ack(t):
    """TSecr in a segment without ACK (a SYN): not valid, ignored."""
    c = Peer(t, options=[("Timestamp", (1000, 0x12345678))]).open()
    c.works()


@case("TCP-12.08", "SPEC", "RFC 7323 §4.3")
def test_echo_of_delayed_ack(t):
    """A delayed ACK for two segments: echoes the earlier TSval."""
    c = receiver(t, TS)
    for _ in range(12):
        c.send("PA", b"ask")
        c.dut_recv(3)
        c.dut_send(b"answer")
        c.expect_data(6)
    t.alive()
    t.a.skip()
    c.ts_val = 5000
    c.send("A", bytes(MSS - 12))
    c.ts_val = 5001
    c.send("A", bytes(MSS - 12))
    first = c.expect("an ACK", lambda p: p[TCP].ack == c.snd or p[TCP].ack == c.snd - MSS + 12)
    assert option(first, "Timestamp")[1] == 5000


@case("TCP-12.10", "SPEC", "RFC 7323 §5.3")
def test_paws(t):
    """An old TSval in a data segment: an ACK, and the segment is dropped."""
    c = receiver(t, TS)
    c.ts_val = 5000
    c.send("PA", b"new")
    assert c.dut_recv(3) == b"new"
    c.expect_ack()
    c.ts_val = 4000
    c.send("PA", b"old", move=False)
    c.expect_ack()
    c.ts_val = 5001
    c.works()


@case("TCP-12.11", "SPEC", "RFC 7323 §5.3")
def test_paws_and_rst(t):
    """An old TSval in a RST: PAWS is not applied, the connection is reset."""
    c = receiver(t, TS)
    c.ts_val = 5000
    c.send("PA", b"new")
    assert c.dut_recv(3) == b"new"
    c.ts_val = 4000
    c.send("R")
    assert t.call("tcp_ended", h=c.c)["closed"] == "ECONNRESET"


@case("TCP-12.13", "SPEC", "RFC 7323 §4.1")
def test_rtt_while_resending(t):
    """A segment is resent, and its ACK has the resent one's TSval: the round trip is sampled."""
    c = receiver(t, TS)
    for _ in range(4):
        c.dut_send(b"measure")
        c.expect_data(7)
    t.alive()
    before = c.dut("info")["srtt_us"]
    c.dut_send(b"lost once")
    p = c.expect("data", c.data)
    again = c.expect("the data again", lambda q: q[TCP].seq == p[TCP].seq)
    time.sleep(max(0, again.time + 0.1 - time.time()))
    c.ack_to(again)
    t.alive()
    assert c.dut("info")["srtt_us"] > before + 5000


@case("TCP-12.14", "SPEC", "RFC 7323 §5.4")
def test_timestamp_clock(t):
    """The timestamp clock: 1 ms to 1 s a tick, monotonic."""
    c = receiver(t, TS)
    seen = []
    for _ in range(6):
        c.dut_send(b"tick")
        p = c.expect("data", c.data)
        seen.append((p.time, option(p, "Timestamp")[0]))
        c.ack_to(p)
        time.sleep(0.1)
    ticks = [b[1] - a[1] & M32 for a, b in zip(seen, seen[1:])]
    assert all(0 <= n < 1 << 31 for n in ticks)
    rate = sum(ticks) / (seen[-1][0] - seen[0][0])
    assert 0.9 <= rate <= 1100
