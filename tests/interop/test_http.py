# SPDX-License-Identifier: BSD-3-Clause
"""curl and plain sockets of the kernel against gannet-httpd."""

import hashlib
import selectors
import socket
import time

import pytest

from conftest import SIZES
from support import PEER4B, PEER6B, STACK4, STACK6, http_get, receive_all, wait_for


def address(family):
    return STACK4 if family == 4 else STACK6


def url(family, path):
    return f"http://{STACK4 if family == 4 else f'[{STACK6}]'}/{path}"


@pytest.mark.limit(90)
@pytest.mark.parametrize("size", SIZES)
def test_curl_gets_every_byte(httpd, files, family, size, tmp_path):
    out = tmp_path / "out"
    httpd.peer.run("curl", "-sS", "--fail", "--max-time", 40, "-o", out, url(family, size),
                   timeout=45)
    assert out.stat().st_size == size
    assert hashlib.sha256(out.read_bytes()).hexdigest() == files[1][size]


def test_curl_reuses_a_connection(httpd, family):
    done = httpd.peer.run("curl", "-sS", "--fail", "-w", "%{num_connects} ", "-o", "/dev/null",
                          "-o", "/dev/null", url(family, "4096"), url(family, "1"))
    assert done.stdout.split() == ["1", "0"]


@pytest.mark.limit(90)
def test_thousand_parallel_connections(httpd, files, family):
    """All are open at the same time before the first request is sent."""
    expect = (files[0] / "4096").read_bytes()
    select = selectors.DefaultSelector()
    where = (address(family), 80)
    af = socket.AF_INET if family == 4 else socket.AF_INET6

    def make():
        sockets = []
        for _ in range(1000):
            s = socket.socket(af)
            s.setblocking(False)
            s.connect_ex(where)
            sockets.append(s)
        return sockets
    sockets = httpd.peer.call(make)
    try:
        for s in sockets:
            select.register(s, selectors.EVENT_WRITE)
        connected = 0
        while connected < len(sockets):
            ready = select.select(20)
            assert ready, f"{connected} of {len(sockets)} connected"
            for key, _ in ready:
                error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                assert error == 0, f"connection {connected}: error {error}"
                select.unregister(key.fileobj)
                connected += 1
        answers = {s: bytearray() for s in sockets}
        for s in sockets:
            s.sendall(b"GET /4096 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            select.register(s, selectors.EVENT_READ)
        while select.get_map():
            ready = select.select(20)
            assert ready, f"{len(select.get_map())} not answered"
            for key, _ in ready:
                piece = key.fileobj.recv(1 << 16)
                answers[key.fileobj] += piece
                if not piece:
                    select.unregister(key.fileobj)
        for data in answers.values():
            head, _, body = bytes(data).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert body == expect
    finally:
        for s in sockets:
            s.close()
        select.close()


def test_every_request_is_answered_and_hand_offs_are_counted(httpd):
    """The kernel picks the queue without knowledge of our hash: some flows come to the wrong core."""
    before = httpd.served()
    for _ in range(200):
        with httpd.peer.connect(STACK4, 80) as s:
            assert http_get(s, "/1")[0] == 200
    served = [a["requests"] - b["requests"] for a, b in zip(httpd.served(), before)]
    assert sum(served) == 200
    assert min(served) > 20, "the owner function spreads flows over both cores"
    cores = httpd.telemetry("/gannet/cores")
    assert sum(c["handoff_out"] for c in cores.values()) > 0


def test_half_close_then_everything(httpd, files, family):
    with httpd.peer.connect(address(family), 80) as s:
        s.sendall(b"GET /1000000 HTTP/1.1\r\nHost: t\r\n\r\nGET /1 HTTP/1.1\r\nHost: t\r\n\r\n")
        s.shutdown(socket.SHUT_WR)
        data = receive_all(s)
    assert (files[0] / "1000000").read_bytes() in data
    assert data.endswith((files[0] / "1").read_bytes())
    assert data.count(b"HTTP/1.1 200 OK") == 2


def open_connections(httpd):
    return httpd.count("open")


def test_reset_by_the_peer(httpd, files, family):
    wait_for("no open connection", lambda: open_connections(httpd) == 0)
    for _ in range(20):
        s = httpd.peer.connect(address(family), 80)
        s.sendall(b"GET /1000000 HTTP/1.1\r\nHost: t\r\n\r\n")
        s.recv(1000)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    wait_for("all connections are gone", lambda: open_connections(httpd) == 0)
    with httpd.peer.connect(address(family), 80) as s:
        assert http_get(s, "/4096")[1] == (files[0] / "4096").read_bytes()


@pytest.mark.limit(60)
def test_vanished_peer_times_out_without_harm(httpd, files, family):
    """A peer's address goes away in the middle of a download; other peers notice nothing."""
    local = PEER4B if family == 4 else PEER6B
    plen = 24 if family == 4 else 64
    before = httpd.count("timeouts")
    s = httpd.peer.connect(address(family), 80, local)
    s.sendall(b"GET /1000000 HTTP/1.1\r\nHost: t\r\n\r\n" * 20)
    s.recv(1)
    ifc = httpd.link.ifc
    httpd.peer.ip("addr", "del", f"{local}/{plen}", "dev", ifc)
    try:
        end = time.monotonic() + 20
        while httpd.count("timeouts") == before:
            assert time.monotonic() < end, "the send timeout did not end the connection"
            with httpd.peer.connect(address(family), 80) as other:
                assert http_get(other, "/4096")[1] == (files[0] / "4096").read_bytes()
    finally:
        s.close()
        httpd.peer.ip("addr", "add", f"{local}/{plen}", "dev", ifc,
                      *(["nodad"] if family == 6 else []))
    wait_for("the connection is gone", lambda: open_connections(httpd) == 0)


def test_reader_that_stops_holds_only_its_own(httpd, files):
    """Backpressure: a client that does not read gets no more than buffers hold, and is ended."""
    with httpd.peer.connect(STACK4, 80) as s:
        s.sendall(b"GET /1000000 HTTP/1.1\r\nHost: t\r\n\r\n" * 20)
        with httpd.peer.connect(STACK4, 80) as other:
            assert http_get(other, "/65536")[1] == (files[0] / "65536").read_bytes()
        wait_for("the send timeout", lambda: open_connections(httpd) == 0, 15)


@pytest.mark.parametrize("status, request_text", [
    (400, b"GET / HTTP/1.1\r\n\r\n"),
    (400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n"),
    (404, b"GET /../../etc/passwd HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"),
    (405, b"DELETE /1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"),
    (413, b"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100000),
    (414, b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: t\r\n\r\n"),
    (431, b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 1000 + b"\r\n"),
    (501, b"BREW / HTTP/1.1\r\nHost: t\r\n\r\n"),
    (505, b"GET / HTTP/3.0\r\nHost: t\r\n\r\n"),
])
def test_bad_requests(httpd, status, request_text):
    """The answer arrives although more was sent than the server reads: it closes gracefully."""
    with httpd.peer.connect(STACK4, 80) as s:
        s.sendall(request_text)
        assert receive_all(s).startswith(f"HTTP/1.1 {status} ".encode())
