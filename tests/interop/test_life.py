# SPDX-License-Identifier: BSD-3-Clause
"""Start, stop under load, and frames that no decent peer sends."""

import signal
import sys

import pytest

from support import BUILD, STACK4, STACK6, http_get, receive_all, run, running, wait_for

BAD_FRAMES = r"""
import sys
from scapy.all import (ARP, ICMP, IP, TCP, UDP, Ether, ICMPv6ND_NS, ICMPv6EchoRequest, IPv6,
                       IPv6ExtHdrHopByHop, Raw, conf, sendp)
ifc, mac, four, six = sys.argv[1:]
conf.verb = 0
e = Ether(dst=mac)
ip = IP(src="192.0.2.2", dst=four)
ip6 = IPv6(src="2001:db8::2", dst=six)
syn = TCP(sport=1234, dport=80, flags="S")
frames = [
    e / Raw(b""), e / Raw(b"\x08\x00\x45"), Ether(dst=mac, type=0x800) / Raw(b"\x45" * 10),
    e / IP(src="192.0.2.2", dst=four, ihl=15) / b"x",
    e / IP(src="192.0.2.2", dst=four, ihl=3) / syn,
    e / IP(src="192.0.2.2", dst=four, len=10) / syn,
    e / IP(src="192.0.2.2", dst=four, len=2000) / syn,
    e / IP(src="192.0.2.2", dst=four, chksum=1) / syn,
    e / IP(src="192.0.2.2", dst=four, version=7) / syn,
    e / IP(src="192.0.2.2", dst=four, frag=8191) / b"x" * 100,
    e / IP(src=four, dst=four) / syn,
    e / IP(src="127.0.0.1", dst=four) / syn,
    e / IP(src="255.255.255.255", dst=four) / syn,
    e / IP(src="224.0.0.1", dst=four) / syn,
    e / ip / TCP(sport=1234, dport=80, flags="S", chksum=1),
    e / ip / TCP(sport=1234, dport=80, flags="S", dataofs=2),
    e / ip / TCP(sport=1234, dport=80, flags="S", dataofs=15),
    e / ip / TCP(sport=1234, dport=80, flags="SFRPAU"), e / ip / TCP(sport=1234, dport=80, flags=0),
    e / ip / TCP(sport=0, dport=80, flags="S"), e / ip / TCP(sport=1, dport=80, flags="R"),
    e / ip / TCP(sport=1234, dport=80, flags="S", options=[("MSS", 0)]),
    e / ip / UDP(sport=1, dport=7, len=4), e / ip / UDP(sport=1, dport=7, len=4000),
    e / ip / UDP(sport=1, dport=7, chksum=7) / b"x",
    e / ip / ICMP(chksum=1), e / ip / ICMP(type=3, code=4) / Raw(b"\x45" * 8),
    e / ip / ICMP(type=3, code=4, nexthopmtu=0) / ip / syn,
    e / ip6 / TCP(sport=1234, dport=80, flags="S", chksum=1),
    e / IPv6(src="2001:db8::2", dst=six, plen=3000) / syn,
    e / IPv6(src="ff02::1", dst=six) / ICMPv6EchoRequest(),
    e / ip6 / IPv6ExtHdrHopByHop(len=200) / syn,
    e / IPv6(src="2001:db8::2", dst=six, nh=0) / Raw(b"\x00" * 8 * 40),
    e / IPv6(src="2001:db8::2", dst=six, hlim=64) / ICMPv6ND_NS(tgt=six),
    e / ip6 / UDP(sport=1, dport=7, chksum=0) / b"x",
    e / ARP(op=1, hwlen=3, psrc="192.0.2.2", pdst=four), e / ARP(op=7, pdst=four),
    Ether(dst=mac, type=0x8100) / Raw(b"\x00"), Ether(dst=mac, type=0x88cc) / Raw(b"x" * 50),
]
for f in frames:
    sendp(f, iface=ifc)
print(len(frames))
"""


def stack_mac(stack):
    stack.peer.run("ping", "-c", 1, "-W", 2, STACK4)
    return stack.peer.ip("neigh", "show", STACK4).stdout.split(" lladdr ")[1].split()[0]


def dropped(stack):
    return sum(d["packets"] for d in stack.telemetry("/gannet/drops").values())


@pytest.mark.limit(60)
def test_bad_frames_are_named_drops(httpd):
    mac = stack_mac(httpd)
    before = dropped(httpd)
    done = httpd.peer.run(sys.executable, "-c", BAD_FRAMES, httpd.link.ifc, mac, STACK4, STACK6,
                          timeout=50)
    assert int(done.stdout.split()[-1]) > 30
    wait_for("drops are counted", lambda: dropped(httpd) >= before + 15)
    for where in (STACK4, STACK6):
        with httpd.peer.connect(where, 80) as s:
            assert http_get(s, "/1")[0] == 200


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_stops_under_load(kind, signum, tmp_path):
    """Status 0 within seconds, and peers learn of the end instead of waiting."""
    with running(kind, tmp_path, "gannet-httpd", "--file", "big=64m") as stack:
        stack.wait_port(80)
        clients = [stack.peer.connect(STACK4, 80) for _ in range(20)]
        for s in clients:
            s.sendall(b"GET /big HTTP/1.1\r\nHost: t\r\n\r\n" * 10)
            s.recv(1)
        assert stack.stop(signum) == 0, stack.text()
        for s in clients:
            s.settimeout(5)
            try:
                receive_all(s)
            except ConnectionResetError:
                pass
            except TimeoutError:
                assert kind == "tap", "no reset"  # a tap vanishes with the process
            s.close()


def test_eight_cores_on_two_cpus(tmp_path):
    with running("tap", tmp_path, "gannet-httpd", cores=8) as stack:
        stack.wait_port(80)
        for _ in range(100):
            with stack.peer.connect(STACK4, 80) as s:
                assert http_get(s, "/")[0] == 200
        served = [c["requests"] for c in stack.served()]
        assert len(served) == 8
        assert all(n > 0 for n in served), served


def test_link_down_and_up(kind, tmp_path):
    """A cable pulled out for longer than the server waits: that download ends, the next one works."""
    with running(kind, tmp_path, "gannet-httpd", "--file", "big=4m", "--send-timeout", "2") as stack:
        stack.wait_port(80)
        with stack.peer.connect(STACK4, 80) as s:
            s.sendall(b"GET /big HTTP/1.1\r\nHost: t\r\n\r\n" * 10)
            s.recv(1)
            stack.peer.ip("link", "set", stack.link.ifc, "down")
            wait_for("the send timeout", lambda: stack.count("open") == 0, 10)
        stack.peer.ip("link", "set", stack.link.ifc, "up")
        stack.wait_port(80, [STACK4])
        with stack.peer.connect(STACK4, 80) as s:
            status, body = http_get(s, "/big")
        assert (status, len(body)) == (200, 4 << 20)


@pytest.mark.parametrize("text, wrong", [
    ("cores: 1\nports: {a: {device: net_null0, colour: red}}\n", "colour"),
    ("cores: many\nports: {a: {device: net_null0}}\n", "cores"),
    ("cores: 1\nports: {a: {device: net_null0, addresses: [300.1.1.1/24]}}\n", "300.1.1.1"),
])
def test_wrong_configuration_is_explained(tmp_path, text, wrong):
    """File, line and key, and exit status 2."""
    conf = tmp_path / "wrong.yaml"
    conf.write_text(text)
    done = run(BUILD / "apps/httpd/gannet-httpd", "-c", conf, "--check", check=False)
    assert done.returncode == 2, done.stdout
    assert f"{conf}:" in done.stdout
    assert wrong in done.stdout
