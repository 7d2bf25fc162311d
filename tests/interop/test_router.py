# SPDX-License-Identifier: BSD-3-Clause
"""The stack as a router between two kernels, on two net_tap ports: static routes, changed at run time."""

import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import subprocess

import pytest

from support import BUILD, ROOT, Namespace, receive_all, run, wait_for

LEFT4, RIGHT4, ROUTER4 = "10.9.1.2", "10.9.2.2", ("10.9.1.1", "10.9.2.1")
LEFT6, RIGHT6, ROUTER6 = "fd09:1::2", "fd09:2::2", ("fd09:1::1", "fd09:2::1")
FAR4, FAR6 = "10.9.77.1", "fd09:77::1"


class Router:
    """Namespaces left and right, a port of the stack in each; right has a far address of its own too."""

    def __init__(self, tmp):
        self.stack, self.left, self.right = (Namespace(n) for n in ("router", "left", "right"))
        self.prefix = f"gnroute{os.getpid()}"
        self.taps = [f"gn{os.getpid() % 100000}r{i}" for i in range(2)]
        ports = "".join(f"""  p{i}:
    device: "net_tap{i},iface={tap}"
    addresses: [{ROUTER4[i]}/24, "{ROUTER6[i]}/64"]
    forwarding: true
""" for i, tap in enumerate(self.taps))
        conf = tmp / "router.yaml"
        cpus = sorted(os.sched_getaffinity(0))
        conf.write_text(f"""cores: 2
cpus: [{cpus[0]}, {cpus[-1]}]
net: {{conflict-detection: false, dad-transmits: 0}}
memory: {{hugepages: false}}
eal: {{file-prefix: {self.prefix}}}
ports:
{ports}""")
        self.log = tmp / "router.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.stack.command(BUILD / "apps/echo/gannet-echo", "-c", conf),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        try:
            wait_for("gannet-echo is ready", self._ready, 20)
            self._host(self.left, 0, LEFT4, LEFT6)
            self._host(self.right, 1, RIGHT4, RIGHT6)
            self.right.ip("addr", "add", f"{FAR4}/32", "dev", "lo")
            self.right.ip("addr", "add", f"{FAR6}/128", "dev", "lo")
        except BaseException:
            self.close()
            raise

    def _ready(self):
        assert self.process.poll() is None, self.log.read_text()
        return "gannet-echo: ready" in self.log.read_text()

    def _host(self, ns, i, a4, a6):
        tap = self.taps[i]
        self.stack.ip("link", "set", tap, "netns", ns.name)
        ns.ip("link", "set", tap, "address", f"02:00:00:00:01:0{i + 2}")
        ns.sysctl(f"net.ipv6.conf.{tap}.accept_ra", 0)
        ns.ip("link", "set", tap, "up")
        ns.ip("addr", "add", f"{a4}/24", "dev", tap)
        ns.ip("addr", "add", f"{a6}/64", "dev", tap, "nodad")
        ns.ip("route", "add", "default", "via", ROUTER4[i])
        ns.ip("route", "add", "default", "via", ROUTER6[i])

    def ctl(self, *words):
        return run(ROOT / "tools/gannetctl/gannetctl", "--file-prefix", self.prefix, *words).stdout

    def close(self):
        died = self.process.poll()
        if died is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        for ns in (self.left, self.right, self.stack):
            ns.close()
        assert died is None, self.log.read_text()
        assert "Sanitizer" not in self.log.read_text(), self.log.read_text()


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    with contextlib.closing(Router(tmp_path_factory.mktemp("router"))) as r:
        yield r


@pytest.fixture
def far(router):
    """Routes to what lies behind right, for the length of a test."""
    router.ctl("route", "add", f"{FAR4}/32", "via", RIGHT4)
    router.ctl("route", "add", f"{FAR6}/128", "via", RIGHT6)
    yield
    router.ctl("route", "flush")


def ping(router, where, *options, ok=True):
    done = router.left.run("ping", "-c", 3, "-i", "0.05", "-W", 2, *options, where, check=False)
    assert (" 0% packet loss" in done.stdout) == ok, done.stdout
    return done.stdout


@pytest.mark.parametrize("where", [RIGHT4, RIGHT6])
@pytest.mark.parametrize("size", [0, 1400, 8000])
def test_ping_through(router, where, size):
    """Also in fragments, which a router passes on as they are."""
    assert "ttl=63" in ping(router, where, "-s", size)


@pytest.mark.parametrize("where", [FAR4, FAR6])
def test_ping_by_a_gateway(router, far, where):
    ping(router, where)


@pytest.mark.parametrize("where,router_at", [(RIGHT4, ROUTER4[0]), (RIGHT6, ROUTER6[0])])
def test_time_exceeded(router, where, router_at):
    text = ping(router, where, "-t", 1, ok=False)
    assert f"From {router_at}" in text, text


@pytest.mark.parametrize("kind,text4,text6", [
    ("unreachable", "Destination Host Unreachable", "No route"),
    ("prohibit", "Packet filtered", "Administratively prohibited"),
    ("blackhole", "", "")])
def test_routes_that_refuse(router, kind, text4, text6):
    router.ctl("route", "add", f"{FAR4}/32", "type", kind)
    router.ctl("route", "add", f"{FAR6}/128", "type", kind)
    try:
        for where, text in ((FAR4, text4), (FAR6, text6)):
            found = ping(router, where, ok=False)
            assert text in found and (text or "From" not in found), found
    finally:
        router.ctl("route", "flush")


def transfer(router, where, data):
    family = socket.AF_INET6 if ":" in where else socket.AF_INET
    with router.right.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((where, 7000))
        listener.listen()
        with router.left.connect(where, 7000) as client:
            server, _ = listener.accept()
            with server:
                pid = os.fork()
                if pid == 0:
                    server.sendall(data)
                    server.shutdown(socket.SHUT_WR)
                    os._exit(0)
                server.close()
                got = receive_all(client)
                os.waitpid(pid, 0)
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("mtu", [1500, 1280])
@pytest.mark.parametrize("where", [RIGHT4, RIGHT6])
def test_tcp_through(router, where, mtu):
    """The kernel's path MTU discovery works with what the router tells, when the way back is narrower."""
    router.ctl("link", "set", "p0", "mtu", str(mtu))
    try:
        transfer(router, where, random.Random(mtu).randbytes(2_000_000))
    finally:
        router.ctl("link", "set", "p0", "mtu", "1500")


def test_routes_are_shown(router, far):
    rows = json.loads(router.ctl("--json", "route"))
    found = {(r["prefix"], r["prefix_length"]): r for r in rows}
    assert found[(FAR4, 32)]["via"] == RIGHT4 and found[(FAR4, 32)]["interface"] == "p1"
    assert found[("10.9.1.0", 24)]["source"] == "connected"
    assert found[(FAR6, 128)]["source"] == "static"
    assert FAR4 in router.ctl("route", "show")


@pytest.mark.parametrize("words,text", [
    (("route", "add", "10.0.0.1/8", "via", RIGHT4), "bits set"),
    (("route", "add", "10.0.0.0/8", "via", RIGHT6), "same family"),
    (("route", "add", "10.0.0.0/8", "dev", "nosuch"), "no interface 'nosuch'"),
    (("route", "add", "10.0.0.0/8", "via", "192.0.2.9"), "refused"),
    (("route", "del", "10.0.0.0/8", "via", RIGHT4), "there is none"),
    (("link", "set", "p0", "mtu", "60"), "refused"),
    (("neigh", "add", "10.9.1.77", "lladdr", "01:00:00:00:00:01", "dev", "p0"), "unicast MAC"),
    (("addr", "del", "10.9.1.99/24", "dev", "p0"), "there is none"),
    (("route", "frobnicate"), "expected add, del or flush")])
def test_wrong_words(router, words, text):
    done = subprocess.run([ROOT / "tools/gannetctl/gannetctl", "--file-prefix", router.prefix, *words],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and text in done.stderr, done


def test_addresses_and_neighbours(router):
    """An address that is added answers, and no more when it is gone; a neighbour can be told and forgotten."""
    router.ctl("addr", "add", "10.9.1.50/24", "dev", "p0")
    ping(router, "10.9.1.50")
    router.ctl("addr", "del", "10.9.1.50/24", "dev", "p0")
    router.left.ip("neigh", "flush", "all")
    ping(router, "10.9.1.50", ok=False)
    router.ctl("neigh", "add", "10.9.1.99", "lladdr", "02:00:00:00:00:99", "dev", "p0")
    assert "PERMANENT" in router.ctl("neigh")
    router.ctl("neigh", "del", "10.9.1.99", "dev", "p0")
    router.ctl("neigh", "flush")
    assert "10.9.1.99" not in router.ctl("neigh")
    ping(router, RIGHT4)
