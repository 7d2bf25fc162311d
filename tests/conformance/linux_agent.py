# SPDX-License-Identifier: BSD-3-Clause
"""The upper tester for the Linux kernel: JSON lines on standard input and output."""

import errno
import json
import os
import select
import socket
import struct
import sys
import time

STATES = ("", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
          "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING")
IP_RECVOPTS, IP_RECVTOS, IP_RECVERR, IP_PKTINFO, IP_MTU_DISCOVER = 6, 13, 11, 8, 10
IPV6_RECVPKTINFO, IPV6_PKTINFO, SO_NO_CHECK, IP_BIND_ADDRESS_NO_PORT = 49, 50, 11, 24
MCAST_JOIN_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE = 42, 43, 44
MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP = 46, 47
MCAST_LEAVE_GROUP = 45


class Sock:
    def __init__(self, s, kind):
        self.s, self.kind = s, kind
        self.out = bytearray()
        self.sent = 0
        self.error = 0
        self.urgent = 0
        s.setblocking(False)

    def flush(self):
        while self.out:
            try:
                n = self.s.send(self.out[:1 << 16])
            except BlockingIOError:
                return
            except OSError as e:
                self.out.clear()
                self.error = e.errno
                return
            del self.out[:n]


class Agent:
    socket, poll = socket.socket, select.poll

    def __init__(self):
        self.objs = {}
        self.next = 1
        self.deadline = 0

    def new(self, s, kind):
        h = self.next
        self.next += 1
        self.objs[h] = Sock(s, kind)
        return h

    def wait(self, s, events):
        """Until that socket is ready; data that waits to be sent goes on meanwhile."""
        while True:
            poll = self.poll()
            pending = [o for o in self.objs.values() if o.out]
            for o in pending:
                poll.register(o.s, select.POLLOUT | (events if o.s is s else 0))
            if s not in [o.s for o in pending]:
                poll.register(s, events)
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise OSError(errno.ETIMEDOUT, "")
            ready = dict(poll.poll(left * 1000))
            for o in pending:
                if o.s.fileno() in ready:
                    o.flush()
            if ready.get(s.fileno(), 0) & (events | select.POLLERR | select.POLLHUP):
                return

    def bytes_of(self, r, at=0):
        if "data" in r:
            return bytes.fromhex(r["data"])
        return bytes((at + i) % 251 for i in range(r.get("fill", 0)))

    # ---- TCP ----

    def tcp_socket(self, r, address):
        family = socket.AF_INET6 if ":" in (address or "") else socket.AF_INET
        s = self.socket(family, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self.tcp_options(s, r)
        return s

    def tcp_options(self, s, r):
        tcp = socket.IPPROTO_TCP
        v6 = s.family == socket.AF_INET6
        for key, level, name in (
                ("rcvbuf", socket.SOL_SOCKET, socket.SO_RCVBUF),
                ("sndbuf", socket.SOL_SOCKET, socket.SO_SNDBUF),
                ("nodelay", tcp, socket.TCP_NODELAY),
                ("keepalive", socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                ("idle", tcp, socket.TCP_KEEPIDLE), ("interval", tcp, socket.TCP_KEEPINTVL),
                ("count", tcp, socket.TCP_KEEPCNT), ("mss", tcp, socket.TCP_MAXSEG),
                ("ttl", 41 if v6 else 0, 16 if v6 else socket.IP_TTL),
                ("tos", 41 if v6 else 0, 67 if v6 else socket.IP_TOS)):
            if key in r:
                s.setsockopt(level, name, int(r[key]))
        if "options" in r:
            s.setsockopt(0, socket.IP_OPTIONS, bytes.fromhex(r["options"]))

    def tcp_listen(self, r):
        s = self.tcp_socket(r, r.get("addr"))
        s.bind((r.get("addr") or ("::" if s.family == socket.AF_INET6 else "0.0.0.0"), r["port"]))
        s.listen(r.get("backlog", 1000))
        return {"h": self.new(s, "listener")}

    def tcp_unlisten(self, r):
        self.objs.pop(r["h"]).s.close()

    def tcp_accept(self, r):
        s = self.objs[r["h"]].s
        self.wait(s, select.POLLIN)
        c, a = s.accept()
        return {"h": self.new(c, "tcp"), "addr": a[0], "port": a[1]}

    def tcp_connect(self, r):
        s = self.tcp_socket(r, r["addr"])
        if r.get("laddr") or r.get("lport"):
            s.bind((r.get("laddr") or "", r.get("lport") or 0))
        s.setblocking(False)
        e = s.connect_ex((r["addr"], r["port"]))
        if e not in (0, errno.EINPROGRESS):
            s.close()
            raise OSError(e, "")
        return {"h": self.new(s, "tcp")}

    def tcp_opened(self, r):
        s = self.objs[r["h"]].s
        self.wait(s, select.POLLOUT)
        e = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if e:
            raise OSError(e, "")

    def tcp_send(self, r):
        o = self.objs[r["h"]]
        data = self.bytes_of(r, o.sent)
        if r.get("urgent"):
            o.s.send(data, socket.MSG_OOB)
        else:
            o.out += data
        o.sent += len(data)
        o.flush()
        if o.error:
            raise OSError(o.error, "")
        return {"n": len(data)}

    def tcp_recv(self, r):
        o = self.objs[r["h"]]
        data, low = bytearray(), r.get("min", 1)
        high = r.get("max", 1 << 20)
        answer = {"eof": False}
        while len(data) < low:
            self.wait(o.s, select.POLLIN)
            try:
                piece = o.s.recv(high - len(data))
            except BlockingIOError:
                continue
            except OSError as e:
                answer["closed"] = errno.errorcode[e.errno]
                break
            if not piece:
                answer["eof"] = True
                break
            data += piece
        answer["data"] = data.hex()
        return answer

    def tcp_urgent(self, r):
        o = self.objs[r["h"]]
        self.wait(o.s, select.POLLPRI)

    def tcp_ended(self, r):
        o = self.objs[r["h"]]
        while True:
            state = self.state(o)
            e = o.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if e or state == "CLOSED":
                return {"closed": errno.errorcode[e] if e else ""}
            if time.monotonic() > self.deadline:
                raise OSError(errno.ETIMEDOUT, "")
            poll = self.poll()
            poll.register(o.s, 0)
            poll.poll(20)

    def state(self, o):
        return STATES[o.s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]

    def tcp_shutdown(self, r):
        o = self.objs[r["h"]]
        o.s.shutdown(socket.SHUT_WR)

    def tcp_close(self, r):
        self.objs.pop(r["h"]).s.close()

    def tcp_abort(self, r):
        o = self.objs.pop(r["h"])
        o.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        o.s.close()

    def tcp_info(self, r):
        s = self.objs[r["h"]].s
        info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        # linux/tcp.h: struct tcp_info
        rto, _ato, mss = struct.unpack_from("III", info, 8)
        rtt, _var, _ssthresh, cwnd = struct.unpack_from("IIII", info, 68)
        name = s.getsockname()
        return {"state": STATES[info[0]], "rto_us": rto, "srtt_us": rtt, "mss": mss,
                "cwnd": cwnd * mss, "laddr": name[0], "lport": name[1]}

    def tcp_set(self, r):
        self.tcp_options(self.objs[r["h"]].s, r)

    # ---- UDP ----

    def udp_open(self, r):
        address = r.get("addr") or r.get("raddr") or ""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = self.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if family == socket.AF_INET:
            s.setsockopt(0, IP_PKTINFO, 1)
            s.setsockopt(0, IP_RECVTOS, 1)
            s.setsockopt(0, IP_RECVOPTS, 1)
            s.setsockopt(0, 12, 1)  # IP_RECVTTL
        else:
            s.setsockopt(41, IPV6_RECVPKTINFO, 1)
            s.setsockopt(41, 66, 1)  # IPV6_RECVTCLASS
        if r.get("errors"):
            s.setsockopt(41 if family == socket.AF_INET6 else 0,
                         25 if family == socket.AF_INET6 else IP_RECVERR, 1)
        s.bind((r.get("addr") or "", r.get("port") or 0))
        if r.get("raddr"):
            s.connect((r["raddr"], r["rport"]))
        o = self.new(s, "udp")
        self.udp_set({"h": o, **r})
        return {"h": o, "port": s.getsockname()[1]}

    def udp_set(self, r):
        s = self.objs[r["h"]].s
        v6 = s.family == socket.AF_INET6
        if "ttl" in r:
            s.setsockopt(41 if v6 else 0, 16 if v6 else socket.IP_TTL, r["ttl"])
        if "tos" in r:
            s.setsockopt(41 if v6 else 0, 67 if v6 else socket.IP_TOS, r["tos"])
        if "mttl" in r:
            s.setsockopt(41 if v6 else 0, 18 if v6 else socket.IP_MULTICAST_TTL, r["mttl"])
        if "mloop" in r:
            s.setsockopt(41 if v6 else 0, 19 if v6 else socket.IP_MULTICAST_LOOP, r["mloop"])
        if "mifc" in r:
            index = r["mifc"] + 2
            if v6:
                s.setsockopt(41, 17, index)
            else:
                s.setsockopt(0, 32, struct.pack("4s4si", bytes(4), bytes(4), self.index(r)))
        if "options" in r:
            s.setsockopt(0, socket.IP_OPTIONS, bytes.fromhex(r["options"]))
        if "checksum" in r:
            s.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 0 if r["checksum"] else 1)
        if "df" in r:
            s.setsockopt(0, IP_MTU_DISCOVER, 2 if r["df"] else 0)

    def index(self, r):
        return socket.if_nametoindex(("da", "db")[r.get("ifc", r.get("mifc", 0))])

    def udp_close(self, r):
        self.objs.pop(r["h"]).s.close()

    def udp_send(self, r):
        s = self.objs[r["h"]].s
        data, control = self.bytes_of(r), []
        if r.get("from"):
            if s.family == socket.AF_INET:
                control = [(0, IP_PKTINFO, struct.pack("i4s4s", 0, socket.inet_aton(r["from"]),
                                                       bytes(4)))]
            else:
                control = [(41, IPV6_PKTINFO, socket.inet_pton(socket.AF_INET6, r["from"]) +
                            bytes(4))]
        to = ((r["addr"], r["port"]),) if r.get("addr") else ()
        for _ in range(r.get("repeat", 1)):
            n = s.sendmsg([data], control, 0, *to)
        return {"n": n}

    def udp_recv(self, r):
        s = self.objs[r["h"]].s
        self.wait(s, select.POLLIN)
        data, control, _flags, a = s.recvmsg(1 << 16, 1024)
        answer = {"data": data.hex(), "addr": a[0], "port": a[1]}
        for level, kind, value in control:
            if (level, kind) == (0, IP_PKTINFO):
                answer["to"] = socket.inet_ntoa(value[8:12])
            elif (level, kind) == (41, IPV6_PKTINFO):
                answer["to"] = socket.inet_ntop(socket.AF_INET6, value[:16])
            elif (level, kind) == (0, socket.IP_TOS):
                answer["tos"] = value[0]
            elif (level, kind) == (41, 67):
                answer["tos"] = value[0]
            elif (level, kind) == (0, 7):  # IP_RETOPTS
                answer["options"] = value.hex()
            elif (level, kind) == (0, IP_RECVOPTS):
                answer["options"] = value.hex()
            elif (level, kind) == (0, socket.IP_TTL):
                answer["ttl"] = value[0]
        return answer

    def udp_error(self, r):
        o = self.objs[r["h"]]
        while True:
            e = o.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if e:
                return {"reported": errno.errorcode[e]}
            self.wait(o.s, 0)

    def group(self, r, name, source=None):
        s = self.objs[r["h"]].s
        v6 = ":" in r["group"]

        def storage(address):
            if v6:
                body = struct.pack("=HHI16sI", 10, 0, 0, socket.inet_pton(10, address), 0)
            else:
                body = struct.pack("=HH4s", 2, 0, socket.inet_aton(address))
            return body.ljust(128, b"\0")
        value = struct.pack("=I4x", self.index(r)) + storage(r["group"])
        if source:
            value += storage(source)
        s.setsockopt(41 if v6 else 0, name, value)

    def udp_join(self, r):
        if "sources" not in r:
            self.group(r, MCAST_JOIN_GROUP)
        for source in r.get("sources", []):
            self.group(r, MCAST_JOIN_SOURCE_GROUP, source)

    def udp_leave(self, r):
        if "sources" not in r:
            self.group(r, MCAST_LEAVE_GROUP)
        for source in r.get("sources", []):
            self.group(r, MCAST_LEAVE_SOURCE_GROUP, source)

    def pending(self):
        """What waits to be sent goes on until there is a request."""
        while True:
            fds = {o.s.fileno(): o for o in self.objs.values() if o.out}
            poll = select.poll()
            poll.register(0, select.POLLIN)
            for fd in fds:
                poll.register(fd, select.POLLOUT)
            for fd, _ in poll.poll():
                if fd not in fds:
                    return
                fds[fd].flush()

    def line(self):
        self.pending()
        return sys.stdin.readline()

    def run(self):
        while line := self.line():
            r = json.loads(line)
            self.deadline = time.monotonic() + r.get("timeout_ms", 0) / 1000
            op = getattr(self, r["op"], None) if "_" in r["op"] else None
            try:
                answer = {"ok": True, **(op(r) or {})} if op else {"ok": False, "error": "ENOTSUP"}
            except KeyError:
                answer = {"ok": False, "error": "EBADF"}
            except OSError as e:
                answer = {"ok": False, "error": errno.errorcode.get(e.errno, "EIO")}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.stdin = os.fdopen(0, "r", buffering=1)
    Agent().run()
