# SPDX-License-Identifier: BSD-3-Clause
"""Octets that scapy would not make, or not quickly."""

import socket
import struct


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip4(src, dst, proto, payload=b"", options=b"", **f):
    """An IPv4 packet of octets; f: version, ihl, tos, len, id, flags, frag, ttl, chksum."""
    options += b"\0" * (-len(options) % 4)
    ihl = 5 + len(options) // 4
    head = struct.pack(
        "!BBHHHBBH4s4s", f.get("version", 4) << 4 | f.get("ihl", ihl), f.get("tos", 0),
        f.get("len", ihl * 4 + len(payload)), f.get("id", 1),
        f.get("flags", 0) << 13 | f.get("frag", 0), f.get("ttl", 64), proto, 0,
        socket.inet_aton(src), socket.inet_aton(dst)) + options
    total = f.get("chksum", checksum(head))
    return head[:10] + struct.pack("!H", total) + head[12:] + payload


def pseudo(src, dst, proto, length):
    if ":" in src:
        return socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + \
            struct.pack("!II", length, proto)
    return socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, proto, length)


def udp(src, dst, sport, dport, data=b"", length=None, chksum=None):
    """A UDP datagram of octets."""
    length = 8 + len(data) if length is None else length
    head = struct.pack("!HHHH", sport, dport, length & 0xFFFF, 0)
    if chksum is None:
        chksum = checksum(pseudo(src, dst, 17, length) + head + data) or 0xFFFF
    return head[:6] + struct.pack("!H", chksum) + data


def icmp(kind, code, rest=b"\0\0\0\0", data=b"", chksum=None):
    body = struct.pack("!BBH", kind, code, 0) + rest + data
    return body[:2] + struct.pack("!H", checksum(body) if chksum is None else chksum) + body[4:]


def fragments(src, dst, proto, payload, cuts, ident, **f):
    """The payload as fragments that begin at the offsets in cuts (octets, of 8 each)."""
    out = []
    for start, end in zip(cuts, [*cuts[1:], len(payload)]):
        out.append(ip4(src, dst, proto, payload[start:end], id=ident, frag=start // 8,
                       flags=1 if end < len(payload) else 0, **f))
    return out
