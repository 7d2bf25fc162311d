# SPDX-License-Identifier: BSD-3-Clause
"""TCP segments and states: RFC 9293 sections 3.1, 3.5, 3.10; RFC 5961, 6191."""

import time

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

import raw
from case import case, cases
from dut import A4, A4B, BROADCAST4, DeviceError
from peer import M32, Peer
from wire import BROADCAST, Unanswered

FORMAT, STATES = "RFC 9293 §3.1", "RFC 9293 §3.10.7"


def octets(c, tcp):
    """A TCP header and data as octets, the checksum made right, in an IPv4 packet."""
    src, dst = c.h.ip4, A4
    tcp = tcp[:16] + b"\0\0" + tcp[18:]
    total = raw.checksum(raw.pseudo(src, dst, 6, len(tcp)) + tcp)
    c.h.raw(raw.ip4(src, dst, 6, tcp[:16] + total.to_bytes(2, "big") + tcp[18:]))


def header(c, flags, options=b"", data=b"", offset=None, seq=None):
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4 if offset is None else offset
    return c.sport.to_bytes(2, "big") + c.dport.to_bytes(2, "big") + \
        (c.snd if seq is None else seq).to_bytes(4, "big") + c.rcv.to_bytes(4, "big") + \
        bytes([words << 4, flags]) + c.window.to_bytes(2, "big") + b"\0\0\0\0" + options + data


def sizes(c, count):
    """Makes the device send that much; the sizes of its segments until all came."""
    c.dut_send(fill=count)
    out, got = [], 0
    while got < count:
        p = c.expect("data", c.data)
        out.append(len(c.data(p)))
        got += out[-1]
        c.ack_to(p)
    return out


# ---- 1: format, options ----

@case("TCP-1.01", "MUST", FORMAT + " (MUST-3)")
def test_bad_checksum(t):
    """A segment with a bad checksum: silently dropped."""
    c = Peer(t).open()
    c.silent(act=lambda: c.send("PA", b"bad", move=False, chksum=0x1234))
    c.works()


@case("TCP-1.02", "MUST", FORMAT + " (MUST-2)")
def test_checksum(t):
    """SYN,ACK, data, FIN and RST of D, over IPv4 and IPv6: right checksums."""
    for v6 in (False, True):
        c = Peer(t, v6=v6).open()
        c.works()
        c.close()
        c.ack_fin()
        c.send("A", seq=c.snd, ack=c.rcv)
        Peer(t, v6=v6, host=c.h).listen().send("A", ack=5)
        t.alive()
        found = t.a.seen(lambda p, c=c, v6=v6: TCP in p and (IPv6 in p) == v6 and
                         p[1].dst == (c.h.ip6 if v6 else c.h.ip4))
        assert len(found) >= 3
        for p in found:
            net = p[IPv6] if v6 else p[IP]
            size = net.plen if v6 else net.len - net.ihl * 4
            body = bytes(net)[40 if v6 else net.ihl * 4:][:size]
            assert raw.checksum(raw.pseudo(net.src, net.dst, 6, size) + body) == 0, p.summary()


@case("TCP-1.04", "SPEC", FORMAT)
def test_data_offset(t):
    """Data Offset past the segment's end: dropped."""
    c = Peer(t).open()
    c.silent(act=lambda: octets(c, header(c, 0x18, data=b"four", offset=15)))
    c.works()


@case("TCP-1.06", "MUST", FORMAT + " (MUST-1)")
def test_window_is_unsigned(t):
    """Peer window 65 535: treated as unsigned, data flows."""
    c = Peer(t, window=65535).open()
    c.dut_send(fill=30000)
    assert len(c.expect_data(30000)) == 30000


@case("TCP-1.07", "MUST", FORMAT + " (MUST-64)")
def test_options_off_boundary(t):
    """An MSS option that does not begin on a word boundary: parsed."""
    c = Peer(t)
    c.options = [("NOP", None), ("MSS", 600)]
    c.open()
    assert max(sizes(c, 2000)) == 600


@case("TCP-1.09", "MUST", FORMAT + " (MUST-5)")
def test_option_in_data_segment(t):
    """A known option (MSS) in a data segment: the segment is accepted."""
    c = Peer(t).open()
    c.send("PA", b"opt", options=[("MSS", 1000)])
    assert c.dut_recv(3) == b"opt"


@cases("option",
       ("TCP-1.10", "MUST", FORMAT + " (MUST-7)", "options of length 0 and 1: handled without "
        "crash", (b"\xfd\0\0\0", b"\xfd\1\0\0", b"\2\0\5\xb4", b"\2\1\5\xb4")),
       ("TCP-1.11", "MUST", FORMAT + " (MUST-7)", "options that run past the header: handled "
        "without crash", (b"\xfd\x28\0\0", b"\1\1\1\2", b"\1\1\2\4")))
def test_bad_options(t, option):
    for o in option:
        c = Peer(t).listen()
        octets(c, header(c, 0x02, o))
        d = Peer(t).open()
        octets(d, header(d, 0x18, o, b"data"))
        t.alive()
    Peer(t).open().works()


@case("TCP-1.12", "SPEC", FORMAT)
def test_end_of_options(t):
    """MSS 1000, End of Option List, then what looks like MSS 100: not parsed."""
    c = Peer(t).listen()
    octets(c, header(c, 0x02, b"\2\4\x03\xe8\0\2\4\0\x64\0\0\0"))
    c.agree(c.expect_flags("SA"))
    c.snd += 1
    c.send()
    c.accept()
    assert max(sizes(c, 3000)) == 1000


@case("TCP-1.13", "MUST", "RFC 9293 §3.7.1 (MUST-14)")
def test_mss_sent(t):
    """D's SYN and SYN,ACK: an MSS option of its MTU less 40."""
    c = Peer(t).open()
    syn = Peer(t).connect()
    for p in (c.synack, syn):
        assert dict(p[TCP].options).get("MSS") == 1460


@case("TCP-1.17", "MUST", "RFC 9293 §3.7.1 (MUST-16)")
def test_segments_fit_our_mtu(t):
    """Peer MSS 9000, D's MTU 1500: segments fit D's MTU."""
    c = Peer(t, mss=9000).open()
    assert max(sizes(c, 5000)) <= 1460


@case("TCP-1.18", "ROBUST", "none")
def test_tiny_mss(t):
    """Peer MSS 0 and 1: the data comes, not in endless tiny segments."""
    for mss in (0, 1):
        c = Peer(t, mss=mss).open()
        assert len(sizes(c, 200)) <= 40


@case("TCP-1.19", "SPEC", "RFC 9293 §3.7.1")
def test_mss_after_syn(t):
    """MSS option in a segment that is no SYN: does not change the MSS."""
    c = Peer(t).open()
    c.send("PA", b"x", options=[("MSS", 300)])
    assert c.dut_recv(1) == b"x"
    assert max(sizes(c, 3000)) == 1460


# ---- 2: CLOSED, LISTEN, SYN-SENT ----

def closed(t):
    c = Peer(t)
    c.dport, c.rcv = 2999, 0x7000
    return c


@case("TCP-2.01", "SPEC", STATES + ".1")
def test_syn_to_closed(t):
    """SYN to a closed port: RST,ACK with SEQ 0, ACK = SEG.SEQ+1."""
    c = closed(t)
    c.send("S")
    p = c.expect_rst(seq=0, ack=c.iss + 1)
    assert set(c.flags(p)) == set("RA")


@case("TCP-2.02", "SPEC", STATES + ".1")
def test_data_to_closed(t):
    """Data without ACK to a closed port: RST,ACK with ACK = SEG.SEQ+SEG.LEN."""
    c = closed(t)
    c.send("P", b"data")
    p = c.expect_rst(seq=0, ack=c.iss + 4)
    assert set(c.flags(p)) == set("RA")


@case("TCP-2.03", "SPEC", STATES + ".1")
def test_ack_to_closed(t):
    """ACK to a closed port: RST with SEQ = SEG.ACK, without the ACK bit."""
    c = closed(t)
    c.send("A")
    assert c.flags(c.expect_rst(seq=c.rcv)) == "R"


@case("TCP-2.05", "SPEC", STATES + ".1")
def test_rst_to_closed(t):
    """RST to a closed port: dropped, nothing is sent."""
    c = closed(t)
    c.silent(act=lambda: (c.send("R"), c.send("RA")))


@case("TCP-2.06", "SPEC", STATES + ".2")
def test_rst_to_listen(t):
    """RST to LISTEN: ignored."""
    c = Peer(t).listen()
    c.silent(act=lambda: c.send("R", move=False))
    c.syn().send()
    c.accept().works()


@case("TCP-2.07", "SPEC", STATES + ".2")
def test_ack_to_listen(t):
    """ACK to LISTEN: RST with SEQ = SEG.ACK."""
    c = Peer(t).listen()
    c.rcv = 0x5555
    c.send("A")
    assert c.flags(c.expect_rst(seq=0x5555)) == "R"


@case("TCP-2.10", "SPEC", STATES + ".2")
def test_nothing_to_listen(t):
    """A segment without any flag to LISTEN: dropped."""
    c = Peer(t).listen()
    c.silent(act=lambda: (c.send("", move=False), c.send("F", move=False)))


@case("TCP-2.11", "SPEC", STATES + ".2")
def test_syn_with_data(t):
    """SYN with data to LISTEN: SYN,ACK; the data, sent again, is delivered once."""
    c = Peer(t).listen()
    c.send("S", b"early", options=c.options)
    p = c.expect_flags("SA")
    assert p[TCP].ack - c.iss in (1, 6)
    c.agree(p)
    c.snd = c.iss + 1
    c.send("PA", b"early")
    c.accept()
    assert c.dut_recv(5) == b"early"
    c.works()


@case("TCP-2.13", "MUST", "RFC 9293 §3.9.2.3 (MUST-57)")
def test_syn_to_broadcast(t):
    """SYN to a broadcast or multicast destination: silently ignored."""
    c = Peer(t).listen()

    def act():
        for dst, mac in ((BROADCAST4, BROADCAST), ("255.255.255.255", BROADCAST),
                         ("224.0.0.1", "01:00:5e:00:00:01")):
            c.h.send(c.ip(dst=dst) / c.segment("S", options=c.options), dst=mac)
    t.silent("an answer", lambda p: TCP in p, act)


@cases("flags,offset",
       ("TCP-2.15", "SPEC", STATES + ".3", "SYN-SENT: ACK = ISS+2, too high: RST with SEQ = "
        "SEG.ACK", ("A", "SA"), 1))
def test_syn_sent_bad_ack(t, flags, offset):
    c = Peer(t)
    c.connect()
    for f in flags:
        c.send(f, ack=c.rcv + offset, move=False)
        assert c.flags(c.expect_rst(seq=c.rcv + offset)) == "R"
    c.send("SA", options=c.options)
    c.expect_ack()
    t.call("tcp_opened", h=c.c)


@case("TCP-2.16", "SPEC", STATES + ".3")
def test_syn_sent_bad_rst(t):
    """SYN-SENT: RST with an unacceptable ACK, and RST without ACK: dropped."""
    c = Peer(t)
    c.connect()
    c.silent(act=lambda: (c.send("RA", ack=c.rcv + 1), c.send("RA", ack=c.rcv - 1), c.send("R")))
    c.send("SA", options=c.options)
    c.expect_ack()
    t.call("tcp_opened", h=c.c)
    c.works()


@case("TCP-2.19", "SPEC", STATES + ".3")
def test_syn_sent_other(t):
    """SYN-SENT: FIN or bare ACK with ACK = ISS+1: dropped, nothing is sent."""
    c = Peer(t)
    c.connect()
    c.silent(act=lambda: (c.send("FA", move=False), c.send("A")))
    c.send("SA", options=c.options)
    c.expect_ack()


@case("TCP-2.20", "SPEC", STATES + ".3")
def test_syn_sent_synack(t):
    """SYN-SENT: SYN,ACK: an ACK is sent, ESTABLISHED."""
    c = Peer(t).open_active()
    assert c.state() == "ESTABLISHED"
    c.works()


# ---- 3: establishment ----

@case("TCP-3.02", "SPEC", "RFC 9293 §3.5")
def test_simultaneous_open(t):
    """Both SYNs cross: SYN,ACK on each side, one connection."""
    c = Peer(t)
    c.connect()
    c.send("S", options=c.options)
    c.expect_flags("SA", seq=c.rcv - 1, ack=c.snd)
    c.send("SA", seq=c.iss, options=c.options, move=False)
    t.call("tcp_opened", h=c.c)
    c.works()


@case("TCP-3.05", "SPEC", STATES + ".4")
def test_duplicate_syn(t):
    """SYN-RECEIVED: the same SYN again: SYN,ACK or challenge ACK, and it can still complete."""
    c = Peer(t).listen().syn()
    c.send("S", seq=c.iss, options=c.options, move=False)
    c.expect("an answer", lambda p: "A" in c.flags(p) and p[TCP].ack == c.iss + 1)
    c.send()
    c.accept().works()


@case("TCP-3.06", "SPEC", "RFC 9293 §3.5")
def test_synack_lost(t):
    """SYN,ACK lost: sent again, with back-off."""
    c = Peer(t).listen().syn()
    times = [c.synack.time, *(c.expect_flags("SA", 6, seq=c.rcv - 1).time for _ in range(2))]
    assert times[2] - times[1] > 1.5 * (times[1] - times[0])
    c.send()
    c.accept().works()


@case("TCP-3.07", "MUST", "RFC 9293 §3.8.3 (MUST-23)", profile="short")
def test_syn_never_answered(t):
    """SYN never answered: tried for 3 minutes by default (here shortened), then the user is
    told."""
    c = Peer(t)
    c.connect()
    c.expect_flags("S", seq=c.rcv - 1)
    with pytest.raises(DeviceError, match="ETIMEDOUT"):
        t.call("tcp_opened", h=c.c, timeout=15)
    assert t.call("tcp_ended", h=c.c)["closed"] in ("ETIMEDOUT", "")
    assert t.dut.default("syn-give-up") >= 180


@case("TCP-3.08", "MUST", "RFC 9293 §3.9.1.1 (MUST-41, 42)")
def test_two_listeners(t):
    """Two listeners on one port with different addresses: independent."""
    x, y = (t.call("tcp_listen", addr=a, port=2900)["h"] for a in (A4, A4B))
    for listener, address, other in ((x, A4, y), (y, A4B, x)):
        c = Peer(t)
        c.dport, c.listener = 2900, listener
        c.h.dut4 = address
        c.syn().send()
        c.accept()
        with pytest.raises(DeviceError):
            t.call("tcp_accept", h=other, timeout=0)
        c.works()


@case("TCP-3.09", "MUST", "RFC 9293 §3.9.1.1 (MUST-43)")
def test_bound_source(t):
    """The application binds a secondary address: the SYN has that source."""
    c = Peer(t)
    assert c.connect(laddr=A4B)[IP].src == A4B


@case("TCP-3.10", "SPEC", "RFC 9293 §3.5.1")
def test_half_open(t):
    """The peer restarts and sends a SYN into ESTABLISHED: challenge ACK, and the peer's RST ends
    the old connection."""
    c = Peer(t).open()
    c.send("S", seq=c.snd + 100000, options=c.options, move=False)
    p = c.expect_flags("A")
    c.send("R", seq=p[TCP].ack)
    assert t.call("tcp_ended", h=c.c)["closed"] == "ECONNRESET"


# ---- 4: sequence and ACK acceptance ----

WINDOW = "RFC 9293 §3.4, 3.10.7.4"


def fill_window(c):
    """Sends until the device's window is 0; the data."""
    sent = bytearray()
    left = c.synack[TCP].window
    while left:
        piece = bytes((len(sent) + i) % 251 for i in range(min(1460, left)))
        c.send("PA", piece)
        sent += piece
        p = c.expect_ack()
        left = p[TCP].window
        assert len(sent) < 1 << 20
    return bytes(sent)


def full(t):
    c = Peer(t).open(rcvbuf=4096)
    return c, fill_window(c)


def ack_counts(c, **f):
    """An ACK with these fields is processed: D's data is not sent again."""
    c.dut_send(b"waiting")
    p = c.expect("data", c.data)
    c.rcv += len(c.data(p))
    c.send(**f)
    c.silent("the acknowledged data again", wanted=c.data, wait=0.5)


@case("TCP-4.01", "SPEC", WINDOW)
def test_zero_window_at_next(t):
    """SEG.LEN 0, window 0, SEQ = RCV.NXT: accepted, its ACK counts."""
    c, _ = full(t)
    ack_counts(c)


@case("TCP-4.02", "SPEC", WINDOW)
def test_zero_window_elsewhere(t):
    """SEG.LEN 0, window 0, SEQ not RCV.NXT: an ACK, and dropped."""
    c, _ = full(t)
    t.alive()
    t.a.skip()
    c.send(seq=c.snd + 1, move=False)
    c.expect_ack()


@case("TCP-4.03", "SPEC", WINDOW)
def test_last_octet_of_window(t):
    """SEG.LEN 0, SEQ = the window's last octet: accepted, its ACK counts."""
    c = Peer(t).open()
    ack_counts(c, seq=c.snd + c.synack[TCP].window - 1, move=False)


@case("TCP-4.06", "SPEC", WINDOW)
def test_old_duplicate(t):
    """Old duplicate data, all left of the window: an ACK, and dropped."""
    c = Peer(t).open()
    c.send("PA", b"0123456789")
    assert c.dut_recv(10) == b"0123456789"
    c.expect_ack()
    c.send("PA", b"XXXXX", seq=c.snd - 10, move=False)
    c.expect_ack()
    c.works()


@case("TCP-4.07", "SPEC", WINDOW)
def test_overlap_left(t):
    """Data that starts left of the window and ends in it: the new part is accepted."""
    c = Peer(t).open()
    c.send("PA", b"01234")
    assert c.dut_recv(5) == b"01234"
    c.send("PA", b"XXXXX56789", seq=c.snd - 5, move=False)
    assert c.dut_recv(5) == b"56789"
    c.snd += 5
    c.works()


@case("TCP-4.08", "SPEC", WINDOW)
def test_overlap_right(t):
    """Data that starts in the window and runs past it: the part in the window is accepted, the
    rest dropped."""
    c = Peer(t).open(rcvbuf=4096)
    left = c.synack[TCP].window
    while left > 600:
        c.send("PA", bytes(min(1000, left - 500)))
        left = c.expect_ack()[TCP].window
    c.send("PA", bytes(left + 300), move=False)
    c.expect_ack(ack=c.snd + left)


@case("TCP-4.10", "SHOULD", STATES + ".4 (SHLD-31)")
def test_out_of_order(t):
    """Segments 2 and 3 before 1: queued, and delivered in order once 1 comes."""
    c = Peer(t).open()
    for n in (1, 2):
        c.send("PA", bytes([48 + n]) * 100, seq=c.snd + n * 100, move=False)
    c.send("PA", b"0" * 100)
    assert c.dut_recv(300) == b"0" * 100 + b"1" * 100 + b"2" * 100
    c.snd += 200
    c.expect_ack()


@case("TCP-4.11", "SPEC", STATES + ".4")
def test_without_ack(t):
    """ESTABLISHED: a segment without the ACK bit: dropped."""
    c = Peer(t).open()
    c.silent(act=lambda: c.send("P", b"bad", move=False), wanted=c.data)
    c.works()


@case("TCP-4.12", "SPEC", STATES + ".4")
def test_ack_of_the_future(t):
    """ESTABLISHED: ACK above SND.NXT: an ACK, the segment dropped, its data not delivered."""
    c = Peer(t).open()
    c.send("PA", b"bad", ack=c.rcv + 1000, move=False)
    c.expect_ack()
    c.works()


@case("TCP-4.13", "MUST", "RFC 5961 §5.2")
def test_ack_of_the_past(t):
    """ACK below SND.UNA - MAX.SND.WND: dropped, challenge ACK."""
    c = Peer(t).open()
    c.send("PA", b"bad", ack=c.rcv - 200000, move=False)
    c.expect_ack()
    c.works()


@case("TCP-4.14", "SPEC", STATES + ".4")
def test_old_ack(t):
    """An old ACK within that range: ignored as an ACK, its data is accepted."""
    c = Peer(t).open()
    c.dut_send(fill=1000)
    c.expect_data(1000)
    c.send("PA", b"data", ack=c.rcv - 500)
    assert c.dut_recv(4) == b"data"
    c.works()


@case("TCP-4.16", "SPEC", "RFC 9293 §3.4")
def test_wrap(t):
    """The peer's sequence numbers wrap through 2^32 during the transfer: data intact."""
    c = Peer(t, iss=0xFFFFF000).open()
    data = bytes(i % 253 for i in range(10000))
    for at in range(0, len(data), 1000):
        c.send("PA", data[at:at + 1000])
    assert c.snd < 10000 and c.dut_recv(10000) == data
    c.works()


@case("TCP-4.17", "SPEC", "RFC 5961 §7", profile="limits")
def test_challenge_limit(t):
    """3000 bad segments at once: challenge ACKs are throttled, and another connection still gets
    its own (CVE-2016-5696)."""
    c, other = Peer(t).open(), Peer(t).open()
    segment = bytes(c.h.ether() / c.ip() / c.segment("R", seq=c.snd + 10))
    t.a.flood(segment for _ in range(3000))
    t.alive()
    answers = t.a.seen(lambda p: c.mine(p) and c.flags(p) == "A")
    assert 1 <= len(answers) <= 1500
    other.send("R", seq=other.snd + 10)
    other.expect_ack(ack=other.snd)


# ---- 5 and 6: RST and SYN by state ----

def kept(c, state):
    """The connection is still in that state."""
    if state == "SYN-RECEIVED":
        c.send()
        c.accept().works()
    elif state == "ESTABLISHED":
        c.works()
    elif state == "FIN-WAIT-2":
        c.send("PA", b"late")
        assert c.dut_recv(4) == b"late"
    elif state == "CLOSE-WAIT":
        c.dut_send(b"late")
        assert c.expect_data(4) == b"late"
    else:  # its FIN was not acknowledged
        c.expect("the FIN again", lambda p: "F" in c.flags(p))


def reset(c):
    """The connection is gone: an ACK to it is answered by RST."""
    c.send("A")
    c.expect_rst(seq=c.rcv)


def challenged(c, act):
    """act() is answered by a challenge ACK: our next sequence number, and D's own."""
    c.t.alive()
    c.t.a.skip()
    act()
    p = c.expect_flags("A", ack=c.snd)
    assert p[TCP].seq in (c.rcv, c.rcv + 1)  # + 1: D's FIN, not acknowledged yet


RST_ROWS = []
for number, (where, state) in {
        "01": ("exact", "SYN-RECEIVED"), "02": ("inside", "SYN-RECEIVED"),
        "05": ("inside", "ESTABLISHED"), "06": ("outside", "ESTABLISHED"),
        "10": ("exact", "FIN-WAIT-2"), "11": ("inside", "FIN-WAIT-2"),
        "12": ("outside", "FIN-WAIT-2"), "14": ("inside", "CLOSE-WAIT"),
        "15": ("outside", "CLOSE-WAIT"), "19": ("exact", "LAST-ACK"),
        "20": ("inside", "LAST-ACK"), "21": ("outside", "LAST-ACK")}.items():
    SAYS = {"exact": "RST with SEQ = RCV.NXT: connection reset",
            "inside": "RST in the window, SEQ not RCV.NXT: challenge ACK, state kept",
            "outside": "RST outside the window: silently dropped"}
    RST_ROWS.append((f"TCP-5.{number}", "MUST", STATES + ".4, RFC 5961 §3.2",
                     f"{state}: {SAYS[where]}", state, where))


@cases("state,where", *RST_ROWS)
def test_rst(t, state, where):
    c = Peer(t).reach(state)
    if where == "exact":
        c.send("R")
        reset(c)
    elif where == "inside":
        challenged(c, lambda: c.send("R", seq=c.snd + 10))
        kept(c, state)
    else:
        c.silent(act=lambda: c.send("R", seq=c.snd + 0x20000000),
                 wanted=lambda p: "F" not in c.flags(p))
        kept(c, state)


SYN_ROWS = []
for number, (where, state) in {
        "01": ("inside", "ESTABLISHED"), "02": ("outside", "ESTABLISHED"),
        "03": ("inside", "FIN-WAIT-1"), "06": ("outside", "FIN-WAIT-2"),
        "08": ("outside", "CLOSE-WAIT"), "09": ("inside", "CLOSING"),
        "12": ("outside", "LAST-ACK")}.items():
    SYN_ROWS.append((f"TCP-6.{number}", "MUST", STATES + ".4, RFC 5961 §4.2",
                     f"{state}: SYN {where} the window: challenge ACK, state kept", state, where))


@cases("state,where", *SYN_ROWS)
def test_syn(t, state, where):
    c = Peer(t).reach(state)
    seq = c.snd + (10 if where == "inside" else 0x20000000)
    challenged(c, lambda: c.send("S", seq=seq, options=c.options, move=False))
    kept(c, state)


@case("TCP-6.13", "MAY", "RFC 9293 §3.6.1 (MAY-2), RFC 6191")
def test_syn_in_time_wait(t):
    """TIME-WAIT: SYN with a higher sequence number: a new connection."""
    c = Peer(t).reach("TIME-WAIT")
    c.snd = c.snd + 100000 & M32
    c.send("S", options=c.options)
    c.agree(c.expect_flags("SA"))
    c.send()
    c.accept().works()


@case("TCP-6.14", "SPEC", STATES + ".4")
def test_old_syn_in_time_wait(t):
    """TIME-WAIT: SYN with an old sequence number: an ACK, no new connection."""
    c = Peer(t).reach("TIME-WAIT")
    t.a.skip()
    c.send("S", seq=c.snd - 1000, options=c.options, move=False)
    c.expect_ack()


# ---- 7: closing ----

CLOSING = "RFC 9293 §3.6"


@case("TCP-7.02", "SPEC", CLOSING)
def test_peer_closes(t):
    """The peer closes first: ACK at once, CLOSE-WAIT, D can still send."""
    c = Peer(t).open()
    c.send("FA")
    p = c.expect_ack()
    assert p.time - t.a.frames[-1].time < 0.1 and c.dut_eof()
    assert c.state() == "CLOSE-WAIT"
    c.dut_send(b"still")
    assert c.expect_data(5) == b"still"


@case("TCP-7.03", "SPEC", CLOSING)
def test_fins_cross(t):
    """Both FINs cross: CLOSING, then TIME-WAIT on each side."""
    c = Peer(t).reach("CLOSING")
    c.ack_fin()
    c.send("FA", seq=c.snd - 1, move=False)
    c.expect_ack()


@case("TCP-7.05", "SPEC", CLOSING)
def test_fin_lost(t):
    """FIN lost: sent again."""
    c = Peer(t).reach("FIN-WAIT-1")
    c.expect("the FIN again", lambda p: "F" in c.flags(p) and p[TCP].seq == c.fin[TCP].seq)


@case("TCP-7.06", "SPEC", STATES + ".4", profile="short")
def test_fin_in_time_wait(t):
    """The peer's FIN again in TIME-WAIT: an ACK each time, 2MSL begins anew."""
    c = Peer(t).reach("TIME-WAIT")
    for _ in range(3):  # 2MSL may be 600 ms
        time.sleep(0.4)
        t.a.skip()
        c.send("FA", seq=c.snd - 1, move=False)
        c.expect_ack()


@case("TCP-7.08", "SPEC", STATES + ".4")
def test_fin_out_of_order(t):
    """FIN with a gap before it: not processed until the gap is filled."""
    c = Peer(t).open()
    c.send("FA", seq=c.snd + 4, move=False)
    with pytest.raises(DeviceError):
        c.dut_recv(1, timeout=0.05)
    assert c.state() == "ESTABLISHED"
    c.send("PA", b"fill")
    assert c.dut_recv(4) == b"fill"
    c.snd += 1
    c.expect_ack()
    assert c.dut_eof()


@case("TCP-7.09", "SPEC", STATES + ".4")
def test_data_after_fin(t):
    """Data after the peer's FIN: ignored."""
    c = Peer(t).reach("CLOSE-WAIT")
    c.send("PA", b"bad", move=False)
    t.alive()
    answer = t.call("tcp_recv", h=c.c)
    assert answer["data"] == b"" and answer["eof"]


@case("TCP-7.10", "SPEC", CLOSING)
def test_half_close(t):
    """Half-close by D: it still receives data in FIN-WAIT-2."""
    c = Peer(t).reach("FIN-WAIT-2")
    for _ in range(3):
        c.send("PA", b"more")
        assert c.dut_recv(4) == b"more"
        c.expect_ack()


@case("TCP-7.11", "SHOULD", "RFC 9293 §3.6.1 (SHLD-3)")
def test_close_with_unread_data(t):
    """Close with unread received data: RST."""
    c = Peer(t).open()
    c.send("PA", b"unread")
    t.alive()
    t.call("tcp_close", h=c.c)
    c.expect_rst()


@case("TCP-7.12", "MUST", "RFC 9293 §3.10.5")
def test_abort(t):
    """Abort with data queued: RST, the queue is dropped."""
    c = Peer(t, window=10).open()
    c.dut_send(fill=5000)
    c.expect("data", c.data)
    t.call("tcp_abort", h=c.c)
    c.expect_rst()
    c.silent(wait=0.3)


@case("TCP-7.13", "SPEC", STATES + ".4")
def test_last_ack(t):
    """LAST-ACK: the ACK of D's FIN: CLOSED, no TIME-WAIT."""
    c = Peer(t).reach("LAST-ACK")
    c.ack_fin()
    reset(c)


@case("TCP-7.14", "SPEC", STATES + ".4")
def test_fin_with_handshake(t):
    """FIN in SYN-RECEIVED with the handshake's ACK: CLOSE-WAIT."""
    c = Peer(t).listen().syn()
    c.send("FA")
    c.expect_ack()
    c.accept()
    assert c.dut_eof() and c.state() == "CLOSE-WAIT"
    c.dut_send(b"late")
    assert c.expect_data(4) == b"late"
