# SPDX-License-Identifier: BSD-3-Clause
"""Echo requests of the kernel: every size, and the ping program itself."""

import socket
import struct

import pytest

from support import STACK4, STACK6, checksum


def echo_once(s, where, request_type, reply_type, skip, seq, payload):
    head = struct.pack("!BBHHH", request_type, 0, 0, 0x6761, seq)
    if skip:  # IPv4: the sum is ours to make
        head = struct.pack("!BBHHH", request_type, 0, checksum(head + payload), 0x6761, seq)
    s.sendto(head + payload, (where, 0))
    while True:
        packet = s.recv(65536)[skip:]
        kind, code, _, ident, got = struct.unpack("!BBHHH", packet[:8])
        if kind == reply_type and ident == 0x6761 and got == seq:
            assert code == 0
            return packet[8:]


def test_every_size_up_to_the_mtu(httpd, family):
    if family == 4:
        s = httpd.peer.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP, timeout=5)
        what = (s, STACK4, 8, 0, 20)
    else:
        s = httpd.peer.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6, timeout=5)
        what = (s, STACK6, 128, 129, 0)
    data = bytes(i * 7 & 0xFF for i in range(1500))
    with s:
        for size in range(1500 - (20 if family == 4 else 40) - 8 + 1):
            assert echo_once(*what, size, data[:size]) == data[:size], f"{size} bytes"


@pytest.mark.parametrize("size", [0, 56, 1400])
def test_ping(httpd, family, size):
    where = STACK4 if family == 4 else STACK6
    done = httpd.peer.run("ping", f"-{family}", "-c", 5, "-i", "0.05", "-W", 2, "-s", size, where)
    assert " 0% packet loss" in done.stdout
