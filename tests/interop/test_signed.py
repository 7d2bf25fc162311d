# SPDX-License-Identifier: BSD-3-Clause
"""Signed connections with the kernel: the MD5 option (RFC 2385), and TCP-AO where it has it."""

import random
import socket
import struct
import threading

import pytest

from support import PEER4, PEER6, STACK4, STACK6, Link, Stack, receive_all

TCP_MD5SIG = 14
TCP_AO_ADD_KEY = 38
SECRET = b"a secret of two routers"


def sockaddr(address, port=0):
    """struct sockaddr_storage."""
    if ":" in address:
        raw = struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(port), 0,
                          socket.inet_pton(socket.AF_INET6, address), 0)
    else:
        raw = struct.pack("=HH4s", socket.AF_INET, socket.htons(port), socket.inet_aton(address))
    return raw.ljust(128, b"\0")


def md5_key(s, peer, secret):
    """The kernel signs by MD5 what s says to peer."""
    s.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG,
                 sockaddr(peer) + struct.pack("=BBHi80s", 0, 0, len(secret), 0, secret))


def ao_key(s, peer, secret, algorithm, send_id, recv_id):
    """struct tcp_ao_add of linux/tcp.h."""
    plen = 128 if ":" in peer else 32
    s.setsockopt(socket.IPPROTO_TCP, TCP_AO_ADD_KEY,
                 sockaddr(peer) + struct.pack("=64siIHBBBBBB80s", algorithm, 0, 3, 0, plen,
                                              send_id, recv_id, 12, 0, len(secret), secret))


def has_ao():
    try:
        with socket.socket() as s:
            ao_key(s, PEER4, SECRET, b"hmac(sha1)", 1, 2)
        return True
    except OSError:
        return False


# What the kernel is built with: a test that cannot run is none.
ALGORITHMS = ["md5", "hmac-sha1", "aes-cmac"] if has_ao() else ["md5"]


def keys(algorithm, secret=SECRET):
    """tcp.keys of the stack for both families."""
    return ["tcp:", "  keys:"] + [
        f'    - {{peer: "{peer}", algorithm: {algorithm}, key: {secret.decode()}, send-id: 2, '
        "recv-id: 1}" for peer in (f"{PEER4}/32", f"{PEER6}/128")]


def sign(s, peer, algorithm, secret=SECRET):
    if algorithm == "md5":
        md5_key(s, peer, secret)
    else:
        name = b"hmac(sha1)" if algorithm == "hmac-sha1" else b"cmac(aes128)"
        ao_key(s, peer, secret, name, 1, 2)


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return request.param


@pytest.fixture
def link(kind):
    made = Link(kind, 1)
    try:
        yield made
    finally:
        made.close()


def socket_to(link, family):
    return link.peer.socket(socket.AF_INET if family == 4 else socket.AF_INET6, timeout=15)


def test_kernel_connects(link, algorithm, family, tmp_path):
    """A megabyte and back, and both FINs."""
    where = STACK4 if family == 4 else STACK6
    data = random.Random(5).randbytes(1 << 20)
    stack = Stack(link, tmp_path, "gannet-echo", cores=1, settings=keys(algorithm))
    try:
        with socket_to(link, family) as s:
            sign(s, where, algorithm)
            s.bind((PEER4 if family == 4 else PEER6, 0))
            s.connect((where, 7))
            threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)),
                             daemon=True).start()
            assert receive_all(s) == data
    finally:
        stack.close()


def test_stack_connects(link, algorithm, family, tmp_path):
    """gannet-echo as client of a signed kernel server."""
    peer, own = (PEER4, STACK4) if family == 4 else (PEER6, STACK6)
    server = socket_to(link, family)
    sign(server, own, algorithm)
    server.bind(("0.0.0.0" if family == 4 else "::", 7777))
    server.listen()

    def serve():
        conn, _ = server.accept()
        with conn:
            while data := conn.recv(1 << 16):
                conn.sendall(data)
    threading.Thread(target=serve, daemon=True).start()
    where = f"{peer}:7777" if family == 4 else f"[{peer}]:7777"
    client = Stack(link, tmp_path, "gannet-echo", "--connect", where, "--bytes", 300000,
                   "--connections", 1, "--timeout", 30, cores=1, settings=keys(algorithm))
    try:
        assert client.process.wait(40) == 0, client.text()
    finally:
        client.close()
        server.close()


@pytest.mark.parametrize("secret", [b"another secret", None], ids=["wrong", "unsigned"])
def test_kernel_without_the_key(link, algorithm, secret, tmp_path):
    """It is not even answered."""
    stack = Stack(link, tmp_path, "gannet-echo", cores=1, settings=keys(algorithm))
    try:
        with socket_to(link, 4) as s:
            s.settimeout(3)
            if secret is not None:
                sign(s, STACK4, algorithm, secret)
            with pytest.raises(TimeoutError):
                s.connect((STACK4, 7))
        drops = stack.telemetry("/gannet/drops")
        name = "tcp_auth_bad" if secret is not None else "tcp_auth_missing"
        assert name in str(drops)
    finally:
        stack.close()
