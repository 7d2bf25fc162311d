# SPDX-License-Identifier: BSD-3-Clause
"""gannet-echo as a server of the kernel's clients, and as a client of a kernel server."""

import random
import socket
import socketserver
import threading

import pytest

from support import PEER4, PEER6, STACK4, STACK6, Link, Stack, receive_all


def test_tcp_echo_with_half_close(echo, family):
    """The peer sends all, closes its direction, and only then begins to read."""
    data = random.Random(2).randbytes(150000)
    with echo.peer.connect(STACK4 if family == 4 else STACK6, 7) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        assert receive_all(s) == data


def test_tcp_echo_stops_a_peer_that_does_not_read(echo):
    """Both windows fill up, then the sender blocks; everything comes once it reads."""
    data = random.Random(3).randbytes(1 << 20)
    with echo.peer.connect(STACK4, 7) as s:
        s.settimeout(1)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 << 20:
                sent += s.send(data[sent % len(data):])
        s.settimeout(15)
        got = 0
        s.shutdown(socket.SHUT_WR)
        while piece := s.recv(1 << 16):
            while piece:
                at = got % len(data)
                n = min(len(piece), len(data) - at)
                assert piece[:n] == data[at:at + n]
                got += n
                piece = piece[n:]
        assert got == sent


def test_discard(echo):
    with echo.peer.connect(STACK4, 9) as s:
        s.sendall(bytes(1 << 20))
        s.shutdown(socket.SHUT_WR)
        assert receive_all(s) == b""


def chargen_period():
    return b"".join(bytes(32 + (line + col) % 95 for col in range(72)) + b"\r\n"
                    for line in range(95))


def test_chargen(echo, family):
    """RFC 864's pattern, and no more of it than the client reads."""
    period = chargen_period()
    with echo.peer.connect(STACK4 if family == 4 else STACK6, 19) as s:
        data = b""
        while len(data) < 300000:
            data += s.recv(1 << 16)
    assert data == (period * (len(data) // len(period) + 1))[:len(data)]


def test_udp_echo_of_every_size(echo, family):
    data = bytes(i * 7 & 0xFF for i in range(1500))
    where = STACK4 if family == 4 else STACK6
    with echo.peer.socket(socket.AF_INET if family == 4 else socket.AF_INET6,
                          socket.SOCK_DGRAM, timeout=5) as s:
        s.connect((where, 7))
        for size in range(1500 - (20 if family == 4 else 40) - 8 + 1):
            s.send(data[:size])
            assert s.recv(2000) == data[:size]


def test_udp_from_many_ports(echo, family):
    """Both cores have the port; whichever queue the kernel picks, the answer comes."""
    where = STACK4 if family == 4 else STACK6
    for i in range(100):
        with echo.peer.socket(socket.AF_INET if family == 4 else socket.AF_INET6,
                              socket.SOCK_DGRAM, timeout=5) as s:
            s.connect((where, 7))
            s.send(b"%d" % i)
            assert s.recv(100) == b"%d" % i


def test_udp_chargen(echo):
    text = chargen_period() * 2
    with echo.peer.socket(socket.AF_INET, socket.SOCK_DGRAM, timeout=5) as s:
        s.connect((STACK4, 19))
        for _ in range(20):
            s.send(b"")
            answer = s.recv(2000)
            assert len(answer) <= 512
            assert answer in text


def test_closed_port_is_refused(echo, family):
    with pytest.raises(ConnectionRefusedError):
        echo.peer.connect(STACK4 if family == 4 else STACK6, 4444)
    with echo.peer.socket(socket.AF_INET if family == 4 else socket.AF_INET6,
                          socket.SOCK_DGRAM, timeout=5) as s:
        s.connect((STACK4 if family == 4 else STACK6, 4444))
        s.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            s.recv(100)


class EchoHandler(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)


class KernelEcho(socketserver.ThreadingTCPServer):
    """An echo server on the kernel's stack."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, family):
        self.address_family = socket.AF_INET if family == 4 else socket.AF_INET6
        super().__init__(("0.0.0.0" if family == 4 else "::", 7777), EchoHandler)


@pytest.mark.parametrize("connections, size", [(1, 0), (1, 1), (1, 10000000), (100, 50000)])
def test_active_open(kind, family, connections, size, tmp_path):
    link = Link(kind, 2)
    server = None
    try:
        server = link.peer.call(KernelEcho, family)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"{PEER4}:7777" if family == 4 else f"[{PEER6}]:7777"
        client = Stack(link, tmp_path, "gannet-echo", "--connect", where, "--bytes", size,
                       "--connections", connections, "--timeout", 40)
        try:
            assert client.process.wait(50) == 0, client.text()
        finally:
            client.close()
        assert f"{connections} of {connections} connections good, {connections * size} bytes" in \
            client.text()
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()
        link.close()


def test_active_open_refused(kind, tmp_path):
    """Nobody listens: the client says so and exits with 1."""
    link = Link(kind, 2)
    try:
        client = Stack(link, tmp_path, "gannet-echo", "--connect", f"{PEER4}:7778",
                       "--timeout", 20)
        try:
            assert client.process.wait(30) == 1, client.text()
        finally:
            client.close()
        assert "Connection refused" in client.text()
    finally:
        link.close()
