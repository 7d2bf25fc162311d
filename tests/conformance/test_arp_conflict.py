# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 address conflict detection: RFC 5227."""

import time

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import ARP, Ether

from case import case
from dut import A4, A4B
from tester import Tester
from wire import BROADCAST, ZERO, Unanswered

FOREIGN = "02:66:00:00:00:01"


def is_probe(p, address=A4):
    return ARP in p and p[ARP].op == 1 and p[ARP].psrc == "0.0.0.0" and p[ARP].pdst == address


def is_announcement(p, address=A4):
    return ARP in p and p[ARP].op == 1 and p[ARP].psrc == p[ARP].pdst == address


@pytest.fixture
def started(request, devices):
    """A device from its start until it has announced its address: its tester; recorded once."""
    if not hasattr(devices, "start_record"):
        t = Tester(devices.get("acd"), devices)
        try:
            t.a.expect("a probe", is_probe, 3)
            t.a.expect("an announcement", is_announcement, 10)
            time.sleep(2.5)
        except Unanswered:
            pass
        devices.start_record = (t, list(t.a.frames))
    request.node.tester = devices.start_record[0]
    return [f.packet for f in devices.start_record[1] if not f.out]


def probes(started):
    found = [p for p in started if is_probe(p)]
    assert found, "the device sent no ARP probe"
    return found


@case("ARP-6.01", "MUST", "RFC 5227 §2.1", profile="acd")
def test_probes_before_use(started):
    """The interface comes up with an address: ARP probes are broadcast before it is used."""
    assert all(p[Ether].dst == BROADCAST for p in probes(started))
    used = [p for p in started if ARP in p and p[ARP].psrc == A4 or IP in p and p[IP].src == A4]
    assert used and used[0].time > probes(started)[-1].time


@case("ARP-6.04", "SHOULD", "RFC 5227 §2.1.1", profile="acd")
def test_probe_target_hardware(started):
    """A probe at start: its target hardware address is zero."""
    assert all(p[ARP].hwdst == ZERO for p in probes(started))


@case("ARP-6.05", "MUST", "RFC 5227 §2.1.1", profile="acd")
def test_probe_target(started):
    """A probe at start: its target is the candidate address, its sender address zero."""
    assert probes(started) and [p for p in started if is_probe(p, A4B)]


@case("ARP-6.06", "SHOULD", "RFC 5227 §2.1.1", profile="acd")
def test_three_probes(started):
    """Start: three probes, one to two seconds apart."""
    times = [p.time for p in probes(started)]
    assert len(times) == 3
    assert all(0.9 <= y - x <= 2.2 for x, y in zip(times, times[1:])), times


@case("ARP-6.19", "MUST", "RFC 5227 §2.1", profile="acd")
def test_no_periodic_probes(started):
    """The address is in use: no more probes follow the announcement."""
    assert probes(started)
    announced = [p.time for p in started if is_announcement(p)]
    assert announced and not [p for p in probes(started) if p.time > announced[0]]


@case("ARP-6.09", "MUST", "RFC 5227 §2.1.1", profile="acd")
def test_conflicting_request(t):
    """A foreign request with spa = the candidate while D probes: the address is not taken."""
    conflict(t, op=1, psrc=A4, pdst="10.1.200.1")


@case("ARP-6.10", "MUST", "RFC 5227 §2.1.1", profile="acd")
def test_conflicting_reply(t):
    """A foreign reply with spa = the candidate while D probes: the address is not taken."""
    conflict(t, op=2, psrc=A4, pdst="0.0.0.0")


@case("ARP-6.11", "SHOULD", "RFC 5227 §2.1.1", profile="acd")
def test_conflicting_probe(t):
    """A foreign probe with tpa = the candidate while D probes: a conflict, not taken."""
    conflict(t, op=1, psrc="0.0.0.0", pdst=A4)


@case("ARP-6.13", "MUST", "RFC 5227 §2.1.1", profile="acd")
def test_conflict_after_last_probe(t):
    """A conflicting ARP within 2 s after the last probe: the address is not taken."""
    conflict(t, probe=3, op=1, psrc=A4, pdst="10.1.200.1")


def conflict(t, probe=1, **arp):
    """After that probe somebody contests A4; then A4B is taken, and A4 is not."""
    for _ in range(probe):
        t.a.expect("a probe", is_probe, 4)
    op = arp.pop("op")
    t.a.send(Ether(src=FOREIGN, dst=BROADCAST) / ARP(op=op, hwsrc=FOREIGN, hwdst=ZERO, **arp))
    t.a.expect("an announcement of the other address", lambda p: is_announcement(p, A4B), 10)
    time.sleep(1.2)  # the addresses' probes have random delays of up to a second
    h = t.host(known=False)
    h.arp(1)
    h.arp(1, pdst=A4B)
    t.a.expect("a reply for the other address", lambda p: h.is_arp_reply(p, A4B))
    assert not t.a.seen(lambda p: ARP in p and p[ARP].psrc == A4)


@case("ARP-6.12", "SPEC", "RFC 5227 §2.1.1", profile="acd")
def test_own_probe_looped_back(t):
    """D's own probe comes back (sha = D's): no conflict, the address is taken."""
    p = t.a.expect("a probe", is_probe, 4)
    t.a.send(p)
    t.a.expect("the announcement", is_announcement, 10)


@case("ARP-6.16", "MUST", "RFC 5227 §2.4 (b)", profile="acd")
def test_second_conflict(t):
    """In use, two conflicts within 10 s: one defence at most, then the address is given up."""
    t.a.expect("an announcement", is_announcement, 10)
    t.a.expect("an announcement of the other", lambda p: is_announcement(p, A4B), 5)
    for _ in range(2):
        t.a.send(Ether(src=FOREIGN, dst=BROADCAST) /
                 ARP(op=1, hwsrc=FOREIGN, psrc=A4, hwdst=ZERO, pdst=A4))
    h = t.host(known=False)
    t.a.skip()
    mark = t.a.mark()
    h.arp(1)
    h.arp(1, pdst=A4B)
    t.a.expect("a reply for the other address", lambda p: h.is_arp_reply(p, A4B))
    assert not t.a.seen(h.is_arp_reply, mark)


@case("ARP-6.18", "MUST", "RFC 5227 §2.1.1", profile="acd")
def test_conflict_rate(t):
    """Each probe meets a conflict: after ten of them at most one new candidate a minute."""
    end, seen = time.monotonic() + 4, 0
    while time.monotonic() < end:
        try:
            p = t.a.expect("a probe", lambda p: ARP in p and p[ARP].psrc == "0.0.0.0", 1.5)
        except Unanswered:
            break
        seen += 1
        t.a.send(Ether(src=FOREIGN, dst=BROADCAST) /
                 ARP(op=2, hwsrc=FOREIGN, psrc=p[ARP].pdst, hwdst=ZERO, pdst="0.0.0.0"))
    assert 1 <= seen <= 11


@case("ARP-6.20", "MUST", "RFC 5227 §2.1", profile="acd")
def test_link_comes_back(t):
    """The link goes down and up: the address is probed again before it is used."""
    t.a.expect("an announcement", is_announcement, 10)
    t.dut.link_set(0, False)
    time.sleep(1.5)
    t.dut.link_set(0, True)
    t.a.skip()
    p = t.a.expect("a probe or a use", lambda p: is_probe(p) or is_announcement(p), 4)
    assert is_probe(p)


@case("ARP-6.21", "MUST", "RFC 5227 §2.5", profile="acd")
def test_answers_after_announcement(t):
    """A normal request after the first announcement: a reply."""
    t.a.expect("an announcement", is_announcement, 10)
    t.host(known=False).resolve()
