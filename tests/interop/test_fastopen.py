# SPDX-License-Identifier: BSD-3-Clause
"""TCP Fast Open (RFC 7413) with the kernel: its clients, and its servers."""

import random
import socket
import threading

import pytest

from support import PEER4, PEER6, STACK4, STACK6, Link, Stack, receive_all, running
from test_echo import KernelEcho

TCP_FASTOPEN = 23
MSG_FASTOPEN = 0x20000000


def kernel_count(peer, name):
    """A counter of the peer's kernel."""
    lines = [line.split() for line in peer.run("cat", "/proc/net/netstat").stdout.splitlines()]
    for names, values in zip(lines[::2], lines[1::2]):
        if name in names:
            return int(values[names.index(name)])
    raise AssertionError(f"the kernel does not count {name}")


def fast_open(peer, family, data, port=7):
    """A connection of the kernel's, with data as soon as it can; what comes back. It blocks, or the
    kernel would not wait for a cookie; a test's time is limited in any case."""
    with peer.socket(socket.AF_INET if family == 4 else socket.AF_INET6, timeout=None) as s:
        sent = s.sendto(data, MSG_FASTOPEN, (STACK4 if family == 4 else STACK6, port))
        s.sendall(data[sent:])
        s.shutdown(socket.SHUT_WR)
        return receive_all(s)


@pytest.mark.parametrize("size", [1, 1000, 1300, 100000])
def test_client_of_the_kernel(kind, family, size, tmp_path):
    """The first connection gets a cookie, those after it send on the SYN; on either core."""
    data = random.Random(size).randbytes(size)
    with running(kind, tmp_path, "gannet-echo", settings=["tcp: {fastopen: accept}"]) as stack:
        stack.wait_port(7)
        stack.peer.sysctl("net.ipv4.tcp_fastopen", 3)
        for _ in range(9):
            assert fast_open(stack.peer, family, data) == data
        assert kernel_count(stack.peer, "TCPFastOpenActive") == 8
        assert kernel_count(stack.peer, "TCPFastOpenActiveFail") == 0


def test_client_of_the_kernel_beyond_the_bound(kind, tmp_path):
    """The data of the SYN is not taken, and comes again."""
    data = random.Random(5).randbytes(1000)
    with running(kind, tmp_path, "gannet-echo",
                 settings=["tcp: {fastopen: accept, fastopen-pending: 0}"]) as stack:
        stack.wait_port(7)
        stack.peer.sysctl("net.ipv4.tcp_fastopen", 3)
        for _ in range(3):
            assert fast_open(stack.peer, 4, data) == data
        assert kernel_count(stack.peer, "TCPFastOpenActive") == 0


class FastKernelEcho(KernelEcho):
    """... that takes data on a SYN."""

    def server_activate(self):
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 64)
        super().server_activate()


@pytest.mark.parametrize("size", [1, 1000, 100000])
def test_server_of_the_kernel(kind, family, size, tmp_path):
    """Ten connections of each core, one after the other: all but its first have data on the SYN."""
    link = Link(kind, 2)
    link.peer.sysctl("net.ipv4.tcp_fastopen", 3)
    server = None
    try:
        server = link.peer.call(FastKernelEcho, family)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"{PEER4}:7777" if family == 4 else f"[{PEER6}]:7777"
        client = Stack(link, tmp_path, "gannet-echo", "--connect", where, "--bytes", size,
                       "--connections", 20, "--in-turn", "--timeout", 40,
                       settings=["tcp: {fastopen: on}"])
        try:
            assert client.process.wait(50) == 0, client.text()
        finally:
            client.close()
        assert f"20 of 20 connections good, {20 * size} bytes" in client.text()
        if kind == "veth":  # a tap loses the first SYN, and each core then does without for a while
            assert kernel_count(link.peer, "TCPFastOpenPassive") == 18
        assert kernel_count(link.peer, "TCPFastOpenPassiveFail") == 0
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()
        link.close()


def test_server_of_the_kernel_without(kind, tmp_path):
    """It does not know of it, and nothing is different."""
    link = Link(kind, 2)
    link.peer.sysctl("net.ipv4.tcp_fastopen", 0)
    server = None
    try:
        server = link.peer.call(KernelEcho, 4)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = Stack(link, tmp_path, "gannet-echo", "--connect", f"{PEER4}:7777", "--bytes",
                       5000, "--connections", 6, "--in-turn", settings=["tcp: {fastopen: on}"])
        try:
            assert client.process.wait(50) == 0, client.text()
        finally:
            client.close()
        assert "6 of 6 connections good, 30000 bytes" in client.text()
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()
        link.close()
