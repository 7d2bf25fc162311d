# SPDX-License-Identifier: BSD-3-Clause
"""The upper tester for lwIP: the one for Linux, over lwIP's sockets in this process.

usage: lwip_agent.py SHIM TAP,IPV4,MASK,GATEWAY,IPV6...
"""

import ctypes
import errno
import json
import os
import select
import socket
import struct
import sys

from linux_agent import Agent

lwip = ctypes.CDLL("liblwip.so.0", mode=ctypes.RTLD_GLOBAL, use_errno=True)
STATES = ("CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
          "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
F_SETFL = 4


def check(value):
    if value < 0:
        e = ctypes.get_errno()
        if e == errno.EAGAIN:
            raise BlockingIOError(e, "")
        raise OSError(e, "")
    return value


def pack(address):
    host, port = address[:2]
    if ":" in host:
        return struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(port), 0,
                           socket.inet_pton(socket.AF_INET6, host), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port),
                       socket.inet_aton(host or "0.0.0.0"))


def unpack(data):
    family, port = struct.unpack_from("=HH", data)
    if family == socket.AF_INET6:
        return socket.inet_ntop(family, data[8:24]), socket.ntohs(port)
    return socket.inet_ntoa(data[4:8]), socket.ntohs(port)


class Socket:
    """As much of Python's socket as the agent uses."""

    def __init__(self, family, kind, fd=None):
        self.family, self.kind = family, kind
        self.fd = check(lwip.lwip_socket(family, kind, 0)) if fd is None else fd

    def fileno(self):
        return self.fd

    def setblocking(self, _flag):
        check(lwip.lwip_fcntl(self.fd, F_SETFL, os.O_NONBLOCK))

    def setsockopt(self, level, name, value):
        data = struct.pack("i", value) if isinstance(value, int) else value
        if lwip.lwip_setsockopt(self.fd, level, name, data, len(data)) < 0 and \
                (level, name) not in ((socket.SOL_SOCKET, socket.SO_OOBINLINE),
                                      (socket.SOL_SOCKET, socket.SO_BROADCAST),
                                      (socket.SOL_SOCKET, socket.SO_SNDBUF),
                                      (socket.SOL_SOCKET, socket.SO_RCVBUF),
                                      (socket.SOL_SOCKET, socket.SO_REUSEADDR)) and \
                not (level in (0, 41) and name in (8, 12, 13, 6, 49, 66)):
            raise OSError(errno.ENOTSUP, "")

    def getsockopt(self, level, name, size=0):
        data, length = ctypes.create_string_buffer(max(size, 4)), ctypes.c_uint(max(size, 4))
        check(lwip.lwip_getsockopt(self.fd, level, name, data, ctypes.byref(length)))
        return data.raw if size else struct.unpack("i", data.raw[:4])[0]

    def bind(self, address):
        if self.family == socket.AF_INET6 and not address[0]:
            address = ("::", address[1])
        data = pack(address)
        check(lwip.lwip_bind(self.fd, data, len(data)))

    def listen(self, backlog):
        check(lwip.lwip_listen(self.fd, min(backlog, 255)))

    def _named(self, call, *args):
        data, length = ctypes.create_string_buffer(28), ctypes.c_uint(28)
        value = check(call(self.fd, *args, data, ctypes.byref(length)))
        return value, unpack(data.raw)

    def accept(self):
        fd, address = self._named(lwip.lwip_accept)
        return Socket(self.family, self.kind, fd), address

    def getsockname(self):
        return self._named(lwip.lwip_getsockname)[1]

    def connect_ex(self, address):
        data = pack(address)
        return 0 if lwip.lwip_connect(self.fd, data, len(data)) == 0 else ctypes.get_errno()

    def connect(self, address):
        data = pack(address)
        check(lwip.lwip_connect(self.fd, data, len(data)))

    def send(self, data, flags=0):
        data = bytes(data)
        return check(lwip.lwip_send(self.fd, data, len(data), flags))

    def recv(self, size):
        data = ctypes.create_string_buffer(size)
        n = check(lwip.lwip_recv(self.fd, data, size, socket.MSG_DONTWAIT))
        return data.raw[:n]

    def sendmsg(self, pieces, control, _flags, to=None):
        if control:
            raise OSError(errno.ENOTSUP, "")
        data, name = pieces[0], pack(to) if to else None
        return check(lwip.lwip_sendto(self.fd, data, len(data), 0, name, len(name or b"")))

    def recvmsg(self, size, _control):
        data = ctypes.create_string_buffer(size)
        n, address = self._named(lwip.lwip_recvfrom, data, size, socket.MSG_DONTWAIT)
        return data.raw[:n], [], 0, address

    def shutdown(self, how):
        check(lwip.lwip_shutdown(self.fd, how))

    def close(self):
        check(lwip.lwip_close(self.fd))


class Poll:
    """select.poll over lwIP's sockets."""

    def __init__(self):
        self.fds = []

    def register(self, s, events):
        self.fds.append((s.fileno(), events))

    def poll(self, timeout=None):
        fds = b"".join(struct.pack("ihh", fd, events, 0) for fd, events in self.fds)
        data = ctypes.create_string_buffer(fds, len(fds))
        check(lwip.lwip_poll(data, len(self.fds), -1 if timeout is None else int(timeout)))
        found = (struct.unpack_from("ihh", data.raw, 8 * n) for n in range(len(self.fds)))
        return [(fd, revents) for fd, _, revents in found if revents]


class LwipAgent(Agent):
    socket, poll = Socket, Poll

    def __init__(self, shim):
        super().__init__()
        self.shim = shim

    def tcp_info(self, r):
        out = (ctypes.c_uint32 * 5)()
        if self.shim.shim_tcp(self.objs[r["h"]].s.fd, out) != 0:
            return {"state": "CLOSED"}
        return {"state": STATES[out[0]], "rto_us": out[1] * 1000, "srtt_us": out[2] * 1000,
                "cwnd": out[3], "mss": out[4]}

    def state(self, o):
        return self.tcp_info({"h": next(h for h, x in self.objs.items() if x is o)})["state"]

    def group(self, r, name, source=None):
        if source or ":" in r["group"]:
            raise OSError(errno.ENOTSUP, "")
        value = socket.inet_aton(r["group"]) + socket.inet_aton("10.1.0.1")
        join = {42: 35, 45: 36}[name]  # IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP
        self.objs[r["h"]].s.setsockopt(0, join, value)

    def pending(self):
        """lwIP's sockets cannot be waited for together with standard input: in turns."""
        while any(o.out for o in self.objs.values()):
            if select.select([0], [], [], 0.002)[0]:
                return
            for o in self.objs.values():
                o.flush()


def main():
    shim = ctypes.CDLL(sys.argv[1])
    for port in sys.argv[2:]:
        assert shim.shim_port(*[a.encode() for a in port.split(",")]) == 0, port
    print(json.dumps({"ok": True}), flush=True)
    sys.stdin = os.fdopen(0, "r", buffering=1)
    LwipAgent(shim).run()


if __name__ == "__main__":
    main()
