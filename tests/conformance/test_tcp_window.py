# SPDX-License-Identifier: BSD-3-Clause
"""TCP windows, acknowledgements, timer and congestion control: RFC 9293 sections 3.7 and 3.8,
6298, 5681, 6582, 3042. SACK is not offered here."""

import time

import pytest
from scapy.layers.inet import TCP

from case import case, cases
from dut import DeviceError
from peer import M32, Peer, after
from wire import Unanswered

PROBE = "RFC 9293 §3.8.6.1"
MSS = 1460


def offset(c, p):
    """The first octet of the segment, counted from the first that the device sent."""
    return p[TCP].seq - c.rcv & M32


class Sender:
    """D sends much, and its segments are collected without acknowledging them."""

    def __init__(self, t, size=200000, **args):
        self.t, self.c = t, Peer(t, **args).open()
        self.base, self.high, self.acked = self.c.rcv, 0, 0
        self.held = set()  # what arrived, as far as the test wants it to
        self.c.dut_send(fill=size)

    def burst(self, quiet=0.05, timeout=2.0):
        """The segments that come until nothing came for a while: (offset, length)."""
        got = []
        try:
            while True:
                p = self.c.expect("data", self.c.data, timeout if not got else quiet)
                at = p[TCP].seq - self.base & M32
                got.append((at, len(self.c.data(p))))
                self.high = max(self.high, at + got[-1][1])
        except Unanswered:
            pass
        return got

    def ack(self, end, times=1, **f):
        self.acked = max(self.acked, end)
        for _ in range(times):
            self.c.send(ack=self.base + end, **f)

    def ack_each(self, segments):
        """They arrived: an ACK for each, of all that is there without a gap."""
        for segment in segments:
            self.held.add(segment)
            for at, size in sorted(self.held):
                if at <= self.acked < at + size:
                    self.acked = at + size
            self.ack(self.acked)

    def new(self, segments, above):
        return [s for s in segments if s[0] >= above]


# ---- 8: window, probes, Nagle, delayed ACK ----

def closed_window(t):
    """The window is 0 and D has data: the times of its probes are to come."""
    c = Peer(t, window=MSS).open()
    c.dut_send(fill=5000)
    c.expect_data(MSS, ack=False)
    c.window = 0
    c.send()
    return c, time.time()


def is_probe(c):
    """Anything that makes the peer state its window."""
    return lambda p: "A" in c.flags(p)


@case("TCP-8.02", "SHOULD", PROBE + " (SHLD-29)")
def test_first_probe(t):
    """Zero window, data waits: the first probe comes after one RTO."""
    c, start = closed_window(t)
    t.alive()
    rto = c.dut("info")["rto_us"] / 1e6
    p = c.expect("a probe", is_probe(c), 4)
    assert 0.7 * rto <= p.time - start <= 2.5 * rto


def probe_times(c, count):
    times = []
    for _ in range(count):
        times.append(c.expect("a probe", is_probe(c), 8).time)
        c.send()
    return times


@case("TCP-8.03", "SHOULD", PROBE + " (SHLD-30)")
def test_probe_interval(t):
    """Zero window: the interval between probes grows exponentially."""
    c, _ = closed_window(t)
    times = probe_times(c, 4)
    gaps = [y - x for x, y in zip(times, times[1:])]
    assert all(1.6 * x <= y <= 2.6 * x for x, y in zip(gaps, gaps[1:])), gaps


@case("TCP-8.04", "MUST", PROBE + " (MUST-37)")
def test_probes_keep_connection(t):
    """Probes acknowledged with window 0: the connection stays open (here: five of them)."""
    c, _ = closed_window(t)
    probe_times(c, 5)
    assert c.state() == "ESTABLISHED"
    c.window = 65535
    c.send()
    assert len(c.expect_data(5000 - MSS)) == 5000 - MSS


@case("TCP-8.05", "SPEC", "RFC 9293 §3.8.6")
def test_window_opens(t):
    """The window opens: data flows at once."""
    c, _ = closed_window(t)
    t.alive()
    c.window = 65535
    start = time.time()
    c.send()
    p = c.expect("data", c.data)
    assert p.time - start < 0.1


@case("TCP-8.06", "MUST", "RFC 9293 §3.8.6 (MUST-34)")
def test_window_shrinks(t):
    """The peer shrinks the window below the data in flight: retransmits go on, and all comes."""
    s = Sender(t, 20000)
    first = s.burst()
    assert len(first) > 4
    s.ack(MSS, window=2 * MSS)
    assert s.burst(timeout=3), "nothing was sent again"
    s.ack(MSS, window=65535)
    s.c.rcv = s.base + MSS & M32
    s.c.window = 65535
    s.c.send()
    assert len(s.c.expect_data(20000 - MSS, 4)) == 20000 - MSS


@case("TCP-8.07", "SHOULD", "RFC 9293 §3.8.6 (SHLD-14)")
def test_right_edge(t):
    """D's reader stops: D never moves the right edge of its window to the left."""
    c = Peer(t).open(rcvbuf=8192)
    edge = c.iss + 1 + c.synack[TCP].window
    left = c.synack[TCP].window
    while left:
        c.send("PA", bytes(min(700, left)))
        p = c.expect_ack()
        left = p[TCP].window
        assert p[TCP].ack + left >= edge, "the right edge moved left"
        edge = p[TCP].ack + left


@case("TCP-8.08", "MUST", "RFC 9293 §3.8.6.2.1 (MUST-38)")
def test_sender_silly_window(t):
    """The peer opens a closed window by single octets: D sends no 1-octet segments at once."""
    c, _ = closed_window(t)
    for n in range(1, 6):
        c.silent(act=lambda n=n: c.send(window=n), wanted=lambda p: 0 < len(c.data(p)) < 100)


@case("TCP-8.10", "SHOULD", "RFC 9293 §3.7.4 (SHLD-7)")
def test_nagle(t):
    """Many small writes: at most one small segment is in flight."""
    c = Peer(t).open()
    for n in range(10):
        c.dut_send(b"%04d" % n)
    t.alive()
    first = t.a.seen(lambda p: c.mine(p) and c.data(p))
    assert len(first) == 1 and len(c.data(first[0])) == 4
    assert c.expect_data(40) == b"".join(b"%04d" % n for n in range(10))


@case("TCP-8.11", "MUST", "RFC 9293 §3.7.4 (MUST-17)")
def test_nagle_off(t):
    """Nagle off: small segments are sent at once."""
    c = Peer(t).open(nodelay=True)
    c.dut("set", nodelay=True)
    for n in range(5):
        c.dut_send(b"%04d" % n)
        c.expect("the small segment", lambda p, n=n: c.data(p) == b"%04d" % n, 0.5)


def delay(t):
    """How long D delays the ACK of a lone segment, on a connection that has talked a while."""
    c = Peer(t).open()
    for _ in range(25):
        c.send("PA", b"ask")
        c.dut_recv(3)
        c.dut_send(b"answer")
        c.expect_data(6)
    t.alive()
    t.a.skip()
    start = time.time()
    c.send("PA", b"lone")
    return c.expect_ack().time - start


@case("TCP-8.12", "SHOULD", "RFC 9293 §3.8.6.3 (SHLD-18)")
def test_delayed_ack(t):
    """One data segment: its ACK is delayed."""
    assert delay(t) > 0.01


@case("TCP-8.13", "MUST", "RFC 9293 §3.8.6.3 (MUST-40)")
def test_delay_is_short(t):
    """One data segment: its ACK is delayed by less than 0.5 s."""
    assert delay(t) < 0.5


@case("TCP-8.14", "SHOULD", "RFC 9293 §3.8.6.3 (SHLD-19)")
def test_every_second(t):
    """A stream of full segments: an ACK at least every second one."""
    c = Peer(t).open()
    t.alive()
    mark = t.a.mark()
    for _ in range(20):  # each arrives by itself
        c.send("A", bytes(MSS))
        time.sleep(0.002)
    c.expect_ack()
    acks = t.a.seen(lambda p: c.mine(p) and c.flags(p) == "A", mark)
    assert len(acks) >= 10, f"{len(acks)} ACKs for 20 segments"


@case("TCP-8.16", "SHOULD", "RFC 5681 §4.2")
def test_gap_filled(t):
    """A segment that fills a gap: an immediate ACK."""
    c = Peer(t).open()
    c.send("PA", b"2" * 100, seq=c.snd + 100, move=False)
    c.expect_ack()
    start = time.time()
    c.send("PA", b"1" * 100)
    p = c.expect_ack(ack=c.snd + 100)
    assert p.time - start < 0.02


@case("TCP-8.17", "MUST", "RFC 5681 §4.2")
def test_one_ack_a_segment(t):
    """Segments in and out of order: no more than one ACK for each."""
    c = Peer(t).open()
    t.alive()
    mark = t.a.mark()
    sent = 0
    for at in (100, 300, 0, 200, 400):
        c.send("PA", bytes(100), seq=c.snd + at, move=False)
        sent += 1
    c.snd += 500
    c.expect_ack()
    time.sleep(0.1)
    t.alive()
    assert len(t.a.seen(lambda p: c.mine(p) and c.flags(p) == "A", mark)) <= sent


@case("TCP-8.18", "MUST", "RFC 9293 §3.9.1.2 (MUST-61)")
def test_push(t):
    """The last buffered segment: PSH is set."""
    c = Peer(t).open(nodelay=True)
    c.dut("set", nodelay=True)
    c.dut_send(fill=4000)
    last = c.expect("the last segment", lambda p: c.data(p) and
                    offset(c, p) + len(c.data(p)) == 4000)
    assert "P" in c.flags(last)


# ---- 9: retransmission timer ----

def rtt(t, *samples):
    """A connection on which D measured these round trips, without timestamps."""
    c = Peer(t).listen().syn()
    c.send()
    c.accept()
    for r in samples:
        c.dut_send(b"measure")
        p = c.expect("data", c.data)
        time.sleep(max(0, p.time + r - time.time()))
        c.ack_to(p)
        t.alive()
    return c


@case("TCP-9.02", "MUST", "RFC 6298 (2.2)")
def test_first_sample(t):
    """The first sample R = 0.3 s: RTO = R + max(G, 4 R/2) = 0.9 s."""
    c = Peer(t).listen().syn()
    time.sleep(0.3)
    c.send()
    c.accept()
    info = c.dut("info")
    if info["srtt_us"] == 0:  # the handshake is not measured: the first data is
        c.dut_send(b"measure")
        p = c.expect("data", c.data)
        time.sleep(0.3)
        c.ack_to(p)
        t.alive()
        info = c.dut("info")
    assert info["srtt_us"] == pytest.approx(3e5, rel=0.1)
    assert info["rto_us"] == pytest.approx(9e5, rel=0.12)


@case("TCP-9.03", "MUST", "RFC 6298 (2.3)")
def test_further_samples(t):
    """Samples of 0.2, 0.2 and 0.4 s: SRTT is smoothed with 1/8, and RTO follows RTTVAR."""
    c = Peer(t)
    start = c.connect()
    time.sleep(max(0, start.time + 0.2 - time.time()))
    c.send("SA", options=c.options)
    c.agree(start)
    c.expect_ack()
    srtt, var = 0.2, 0.1
    for r in (0.2, 0.4):
        c.dut_send(b"measure")
        p = c.expect("data", c.data)
        time.sleep(max(0, p.time + r - time.time()))
        c.ack_to(p)
        t.alive()
        var = 0.75 * var + 0.25 * abs(srtt - r)
        srtt = 0.875 * srtt + 0.125 * r
    info = c.dut("info")
    assert info["srtt_us"] / 1e6 == pytest.approx(srtt, rel=0.1)
    assert info["rto_us"] / 1e6 == pytest.approx(max(t.dut.default("rto-min"), srtt + 4 * var),
                                                 rel=0.15)


@case("TCP-9.04", "SHOULD", "RFC 6298 (2.4)")
def test_floor(t):
    """RTT of about 1 ms: RTO is 1 s, or the documented smaller floor."""
    c = rtt(t, *[0] * 12)
    floor = t.dut.default("rto-min")
    assert floor * 0.99 <= c.dut("info")["rto_us"] / 1e6 <= 1.1


@case("TCP-9.05", "MUST", "RFC 6298 §3")
def test_karn(t):
    """ACK after a retransmission, without timestamps: no sample is taken."""
    c = rtt(t, *[0.01] * 3)
    before = c.dut("info")["srtt_us"]
    c.dut_send(b"lost once")
    p = c.expect("data", c.data)
    c.expect("the data again", lambda q: q[TCP].seq == p[TCP].seq)
    time.sleep(0.3)
    c.ack_to(p)
    t.alive()
    assert c.dut("info")["srtt_us"] == before


@case("TCP-9.06", "SPEC", "RFC 6298 (5.1)")
def test_timer_starts(t):
    """Data is sent and the timer is off: it is started, the data comes again."""
    c = rtt(t, 0)
    c.dut_send(b"lost")
    p = c.expect("data", c.data)
    assert c.expect("the data again", c.data)[TCP].seq == p[TCP].seq


@case("TCP-9.07", "SPEC", "RFC 6298 (5.2)")
def test_timer_stops(t):
    """All data is acknowledged: the timer is stopped."""
    c = rtt(t, 0)
    c.silent(wanted=c.data, wait=0.6)


@case("TCP-9.08", "SPEC", "RFC 6298 (5.3)")
def test_timer_restarts(t):
    """ACK of new data: the timer is restarted, what is left comes again one RTO after it."""
    c = rtt(t, *[0] * 12)
    rto = c.dut("info")["rto_us"] / 1e6
    c.dut_send(fill=2 * MSS)
    first = c.expect("the first segment", c.data)
    second = c.expect("the second segment", c.data)
    time.sleep(max(0, first.time + 0.7 * rto - time.time()))
    start = time.time()
    c.ack_to(first)
    p = c.expect("the second again", c.data)
    assert p[TCP].seq == second[TCP].seq and p.time - start >= 0.9 * rto


@case("TCP-9.10", "MUST", "RFC 6298 (5.5)")
def test_backoff(t):
    """No ACK comes: RTO is doubled each time."""
    c = rtt(t, *[0] * 12)
    c.dut_send(b"lost")
    times = [c.expect("data", c.data, 8).time for _ in range(5)]
    gaps = [y - x for x, y in zip(times, times[1:])]
    assert all(1.7 * x <= y <= 2.4 * x for x, y in zip(gaps[1:], gaps[2:])), f"{gaps}"


@case("TCP-9.11", "MAY", "RFC 6298 (2.5)")
def test_cap(t):
    """The cap of RTO: 60 s or more."""
    assert t.dut.default("rto-max") >= 60


@case("TCP-9.12", "MUST", "RFC 6298 (5.7)")
def test_rto_after_lost_syn(t):
    """The SYN was sent twice: RTO is 3 s when data starts."""
    c = Peer(t)
    c.connect()
    c.expect_flags("S", 3)
    c.send("SA", options=c.options)
    c.expect_ack()
    t.call("tcp_opened", h=c.c)
    assert c.dut("info")["rto_us"] == pytest.approx(3e6, rel=0.05)


# ---- 10: congestion control ----

@case("TCP-10.01", "MUST", "RFC 5681 §3.1")
def test_initial_window(t):
    """A new connection: at most 10 segments before the first ACK (RFC 6928)."""
    s = Sender(t)
    assert 1 <= len(s.burst()) and s.high <= 10 * MSS


@case("TCP-10.02", "MUST", "RFC 5681 §3.1")
def test_initial_window_after_loss(t):
    """SYN,ACK lost: the initial window is 1 segment."""
    c = Peer(t).listen().syn()
    c.expect_flags("SA", 3)
    c.send()
    c.accept()
    c.dut_send(fill=50000)
    c.expect("data", c.data)
    t.alive()
    assert len({p[TCP].seq for p in t.a.seen(lambda p: c.mine(p) and c.data(p))}) == 1


@case("TCP-10.03", "MUST", "RFC 5681 §3.1")
def test_slow_start(t):
    """Slow start: an ACK of one segment lets at most two new ones out."""
    s = Sender(t)
    s.burst()
    for _ in range(5):
        high = s.high
        s.ack(s.acked + MSS)
        new = s.new(s.burst(), high)
        assert new and sum(n for _, n in new) <= 2 * MSS


def after_timeout(t):
    """Ten segments are lost; then the number of new octets of each round trip."""
    s = Sender(t, 400000)
    flight = s.burst()
    lost = s.high
    again = s.burst(timeout=3)
    rounds = [again]
    for _ in range(9):
        s.ack_each(rounds[-1])
        rounds.append(s.burst())
    return flight, lost, rounds


def octets(segments):
    return sum(n for _, n in segments)


@case("TCP-10.04", "MUST", "RFC 5681 §3.1")
def test_congestion_avoidance(t):
    """cwnd above ssthresh: about one segment more a round trip at most."""
    _, _, rounds = after_timeout(t)
    sizes = [octets(r) for r in rounds]
    late = sizes[-4:]
    assert all(y <= x + 2 * MSS for x, y in zip(late, late[1:])), f"{sizes}"


@case("TCP-10.05", "MUST", "RFC 5681 §3.1 (4)")
def test_ssthresh(t):
    """Loss found by the timer: ssthresh = max(FlightSize / 2, 2 SMSS): slow start ends there."""
    _, lost, rounds = after_timeout(t)
    sizes = [octets(r) for r in rounds]
    limit = max(lost // 2, 2 * MSS)
    for x, y in zip(sizes, sizes[1:]):
        assert y <= (2 * x if x < limit else x + 2 * MSS) + MSS, sizes
    assert sizes[4] <= limit + 3 * MSS, sizes


@case("TCP-10.06", "MUST", "RFC 5681 §3.1")
def test_loss_window(t):
    """After the timer: cwnd is at most 1 segment."""
    _, _, rounds = after_timeout(t)
    assert octets(rounds[0]) <= MSS and rounds[0][0][0] == 0


def grown(t, **args):
    """A sender with a window of about 20 segments, all in flight."""
    s = Sender(t, 600000, **args)
    s.ack_each(s.burst())
    s.flight = s.burst()
    assert len(s.flight) >= 10
    return s


@case("TCP-10.07", "SHOULD", "RFC 5681 §3.2")
def test_fast_retransmit(t):
    """Three duplicate ACKs: the first missing segment is resent at once."""
    s = grown(t)
    start = time.time()
    for _ in range(3):
        s.ack(s.acked)
    p = s.c.expect("the missing segment", lambda p: s.c.data(p) and
                   p[TCP].seq == s.base + s.acked & M32)
    assert p.time - start < 0.15


@case("TCP-10.08", "SHOULD", "RFC 3042 §2")
def test_limited_transmit(t):
    """First and second duplicate ACK, new data waits: one new segment for each."""
    s = grown(t)
    for _ in range(2):
        high = s.high
        s.ack(s.acked)
        got = s.burst(timeout=0.15)
        assert [n for _, n in got] == [MSS] and got[0][0] == high


@case("TCP-10.09", "MUST", "RFC 5681 §3.2")
def test_inflation(t):
    """Fast recovery, further duplicate ACKs: the window is inflated by a segment each, and new
    data goes out."""
    s = grown(t)
    s.ack(s.acked, 3)
    s.burst(0.02)
    high, flight = s.high, len(s.flight)
    s.ack(s.acked, flight - 4)
    new = s.new(s.burst(0.02), high)
    assert 1 <= len(new) <= flight - 4


def recovering(t):
    """D is in fast recovery: segments 0 and 5 of the flight are lost."""
    s = grown(t)
    s.ack(s.acked, 3)
    s.c.expect("the missing segment", lambda p: p[TCP].seq == s.base + s.acked & M32)
    s.burst(0.02, 0.05)
    return s


@case("TCP-10.10", "SPEC", "RFC 6582 §3.2")
def test_partial_ack(t):
    """A partial ACK: the next hole is resent at once, recovery goes on."""
    s = recovering(t)
    start = time.time()
    s.ack(s.acked + 5 * MSS)
    p = s.c.expect("the next hole", lambda p: p[TCP].seq == s.base + s.acked & M32)
    assert p.time - start < 0.1


@case("TCP-10.11", "SPEC", "RFC 6582 §3.2")
def test_full_ack(t):
    """A full ACK: recovery ends, what is then in flight is at most ssthresh: half of it, or 0.7 with
    CUBIC (RFC 9438 section 4.6)."""
    s = recovering(t)
    flight = sum(n for _, n in s.flight)
    s.ack(s.high)
    out = s.burst(0.05)
    assert out and octets(out) <= flight * 7 // 10 + 2 * MSS


@case("TCP-10.12", "SPEC", "RFC 6582 §3.2")
def test_no_false_fast_retransmit(t):
    """Duplicate ACKs for data below recover after a timeout: no fast retransmit."""
    s = grown(t)
    again = s.burst(0.05, 3)
    assert again and again[0][0] == s.acked
    s.ack(s.acked + 2 * MSS)
    base = s.acked
    while (base, MSS) not in s.burst(0.02, 1):  # it may try new data before (RFC 5682)
        s.ack(base)
    s.ack(base, 4)
    assert (base, MSS) not in s.burst(0.02, 0.05)


@case("TCP-10.13", "SHOULD", "RFC 5681 §4.1")
def test_restart_window(t):
    """Idle longer than RTO: at most the restart window (10 segments, and one) goes out at once."""
    c = Peer(t).open()
    c.dut_send(fill=150000)
    c.expect_data(150000)
    time.sleep(1.2)
    c.dut_send(fill=60000)
    c.expect("data", c.data)
    t.alive()
    time.sleep(0.02)
    sent = {p[TCP].seq: len(c.data(p)) for p in t.a.seen(
        lambda p: c.mine(p) and c.data(p) and not after(c.rcv, p[TCP].seq))}
    assert sum(sent.values()) <= 11 * MSS


@case("TCP-10.14", "SPEC", "RFC 5681 §2")
def test_window_update_is_no_duplicate(t):
    """Three window updates with the same ACK: no fast retransmit."""
    s = Sender(t, window=30000)
    s.burst(0.02)
    for n in range(1, 5):
        s.ack(0, window=30000 + 1000 * n)
    assert not [at for at, _ in s.burst(0.02, 0.05) if at == 0]
