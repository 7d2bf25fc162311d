# SPDX-License-Identifier: BSD-3-Clause
"""Namespaces, links and running stacks for the tests, all of which end with the test."""

import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GANNET_BUILD", ROOT / "build" / "release"))
SANITIZED = os.environ.get("GANNET_SANITIZED") == "1"

STACK4, PEER4, PEER4B = "192.0.2.1", "192.0.2.2", "192.0.2.3"
STACK6, PEER6, PEER6B = "2001:db8::1", "2001:db8::2", "2001:db8::3"

_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)


def run(*args, timeout=30, check=True, **kw):
    """A command to its end; its output as text."""
    p = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=timeout, check=False, **kw)
    if check and p.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, args))}: status {p.returncode}\n{p.stdout}")
    return p


def wait_for(what, condition, timeout=10.0):
    """Until condition() is true; an error that names what did not happen."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.02)


class Namespace:
    """A network namespace, in which commands run and sockets are made."""

    def __init__(self, role, suite="it"):
        self.name = f"gn-{suite}-{os.getpid()}-{next(_numbers)}-{role}"
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def close(self):
        run("ip", "netns", "del", self.name, check=False)

    def ip(self, *args, **kw):
        return run("ip", "-n", self.name, *args, **kw)

    def command(self, *args):
        return ["ip", "netns", "exec", self.name, *map(str, args)]

    def run(self, *args, **kw):
        return run(*self.command(*args), **kw)

    def sysctl(self, key, value):
        self.run("sysctl", "-qw", f"{key}={value}")

    def call(self, fn, *args):
        """fn(*args) on a thread inside the namespace; sockets it makes stay there for good."""
        result = []

        def inside():
            fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                if _libc.setns(fd, 0x40000000) != 0:  # CLONE_NEWNET
                    raise OSError(ctypes.get_errno(), "setns")
                result.append((fn(*args), None))
            except BaseException as e:  # pylint: disable=broad-except
                result.append((None, e))
            finally:
                os.close(fd)

        t = threading.Thread(target=inside)
        t.start()
        t.join()
        value, error = result[0]
        if error is not None:
            raise error
        return value

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, proto=0, timeout=15):
        s = self.call(socket.socket, family, kind, proto)
        s.settimeout(timeout)
        return s

    def connect(self, address, port, local=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = self.socket(family)
        if local:
            s.bind((local, 0))
        s.connect((address, port))
        return s


def _peer_up(peer, ifc):
    """The kernel's end: its own MAC address, no address of its own making."""
    peer.ip("link", "set", ifc, "address", "02:00:00:00:00:02")
    peer.sysctl(f"net.ipv6.conf.{ifc}.accept_ra", 0)
    peer.sysctl(f"net.ipv6.conf.{ifc}.addr_gen_mode", 1)
    peer.ip("link", "set", ifc, "up")
    for a in (PEER4, PEER4B):
        peer.ip("addr", "add", f"{a}/24", "dev", ifc)
    for a in (PEER6, PEER6B):
        peer.ip("addr", "add", f"{a}/64", "dev", ifc, "nodad")


class Link:
    """Two namespaces and what joins them: 'tap' (net_tap) or 'veth' (net_af_packet)."""

    def __init__(self, kind, queues):
        self.kind = kind
        self.stack, self.peer = Namespace("stack"), Namespace("peer")
        self.ifc = f"gn{os.getpid() % 100000}x{next(_numbers) % 1000}"
        if kind == "tap":
            self.device = f"net_tap0,iface={self.ifc}"
            return
        self.device = f"net_af_packet0,iface={self.ifc}s,qpairs={queues}"
        self.stack.ip("link", "add", f"{self.ifc}s", "type", "veth", "peer", "name", self.ifc,
                      "netns", self.peer.name)
        # Without this the kernel sends frames with unfinished checksums and larger than the MTU.
        self.peer.run("ethtool", "-K", self.ifc, "tx", "off")
        self.stack.sysctl(f"net.ipv6.conf.{self.ifc}s.disable_ipv6", 1)
        self.stack.ip("link", "set", f"{self.ifc}s", "address", "02:00:00:00:00:01", "up")
        _peer_up(self.peer, self.ifc)

    def started(self):
        """The stack runs: a tap exists only now, and goes to the peer."""
        if self.kind == "tap":
            self.stack.ip("link", "set", self.ifc, "netns", self.peer.name)
            _peer_up(self.peer, self.ifc)

    def close(self):
        self.peer.close()
        self.stack.close()


class Stack:
    """A Gannet application on a link, with two cores unless told otherwise."""

    def __init__(self, link, tmp, app, *args, cores=2, settings=()):
        self.link, self.peer = link, link.peer
        self.prefix = f"{link.ifc}n{next(_numbers)}"
        conf = tmp / f"{self.prefix}.yaml"
        cpus = sorted(os.sched_getaffinity(0))
        conf.write_text("\n".join([
            f"cores: {cores}",
            f"cpus: [{', '.join(str(cpus[i % len(cpus)]) for i in range(cores))}]",
            "net: {conflict-detection: false, dad-transmits: 0}",
            f"eal: {{file-prefix: {self.prefix}}}",
            *settings,
            "ports:",
            "  link:",
            f'    device: "{link.device}"',
            f'    addresses: [{STACK4}/24, "{STACK6}/64"]',
            ""]))
        self.log = tmp / f"{self.prefix}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                link.stack.command(BUILD / "apps" / app.removeprefix("gannet-") / app, "-c", conf,
                                   *args),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        try:
            wait_for(f"{app} is ready", lambda: self.ready(app), 20)
            link.started()
        except BaseException:
            self.close()
            raise

    def ready(self, app):
        assert self.alive(), f"the stack ended:\n{self.text()}"
        return f"{app}: ready" in self.text()

    def text(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def wait_port(self, port, addresses=(STACK4, STACK6)):
        """Until a TCP port answers at those addresses."""
        def answers(address):
            assert self.alive(), f"the stack ended:\n{self.text()}"
            try:
                self.peer.connect(address, port).close()
            except OSError:
                return False
            return True
        for address in addresses:
            wait_for(f"{address} port {port}\n{self.text()}", lambda a=address: answers(a), 20)
        return self

    def telemetry(self, command):
        """The answer to a telemetry command, without its envelope."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(5)
            s.connect(f"/var/run/dpdk/{self.prefix}/dpdk_telemetry.v2")
            limit = json.loads(s.recv(1024))["max_output_len"]
            s.send(command.encode())
            return json.loads(s.recv(limit))[command.split(",")[0]]

    def served(self):
        """What gannet-httpd counts, a dictionary a core."""
        return list(self.telemetry("/gannet/httpd").values())

    def count(self, what):
        """The sum of one of these counters."""
        return sum(c[what] for c in self.served())

    def stop(self, signum=signal.SIGTERM, timeout=10):
        """Asks it to end; its exit status."""
        self.process.send_signal(signum)
        return self.process.wait(timeout)

    def close(self):
        """Ends it in any case. A crash or a sanitizer's report fails the test that caused it."""
        died = self.process.poll()
        if died is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise AssertionError(f"SIGTERM did not end the stack:\n{self.text()}") from None
        assert died in (None, 0, 1), f"the stack died with status {died}:\n{self.text()}"
        assert "Sanitizer" not in self.text(), self.text()


@contextlib.contextmanager
def running(kind, tmp, app, *args, **kw):
    """A link of that kind, and an application on it."""
    link = Link(kind, kw.get("cores", 2))
    try:
        stack = Stack(link, tmp, app, *args, **kw)
        try:
            yield stack
        finally:
            stack.close()
    finally:
        link.close()


def receive_all(s):
    """Everything up to the peer's FIN."""
    data = bytearray()
    while piece := s.recv(1 << 16):
        data += piece
    return bytes(data)


def http_get(s, path, *headers):
    """One request on a connection that then closes: status and body."""
    fields = "".join(h + "\r\n" for h in ("Host: test", "Connection: close", *headers))
    s.sendall(f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode())
    head, _, body = receive_all(s).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
