"""`python -m local.failures.delaying QUEUE=MS…`: lets the packets of a netfilter queue pass some time after they came.

The kernel's own way is the queueing discipline `netem`. It is a module that many kernels lack, and works on whole
interfaces, while all servers of the hub share its loopback. The protocol is netlink's, as the kernel's header
linux/netfilter/nfnetlink_queue.h has it: the kernel tells of each packet and keeps it until there is a verdict, so
packets themselves are never copied.
"""

from __future__ import annotations

import errno
import heapq
import itertools
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator

_NETLINK_NETFILTER, _SUBSYSTEM = 12, 3
_PACKET, _VERDICT, _CONFIG = 0, 1, 2
_COMMAND, _PARAMETERS, _LENGTH = 1, 2, 3
_HEADER_OF_PACKET, _HEADER_OF_VERDICT = 1, 2
_BIND, _ONLY_METADATA, _ACCEPT = 1, 1, 1
_REQUEST, _ACKNOWLEDGE = 1, 4
_ERROR = 2
_WAITING_AT_MOST = 65536


def main(arguments: list[str]) -> None:
    """Serve the queues until the process is ended; what waits then is lost."""
    delays = {int(queue): int(milliseconds) / 1000 for queue, milliseconds in (each.split("=") for each in arguments)}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
        netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        netlink.bind((0, 0))
        for queue in delays:
            for attribute in (
                _attribute(_COMMAND, struct.pack(">BBH", _BIND, 0, 0)),
                _attribute(_PARAMETERS, struct.pack(">IB", 0, _ONLY_METADATA)),
                _attribute(_LENGTH, struct.pack(">I", _WAITING_AT_MOST)),
            ):
                _configure(netlink, queue, attribute)
        _serve(netlink, delays)


def _serve(netlink: socket.socket, delays: dict[int, float]) -> None:
    waiting: list[tuple[float, int, int, int]] = []
    order = itertools.count()
    while True:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([netlink], [], [], timeout)
        if readable:
            for queue, packet in _arrived(netlink):
                heapq.heappush(waiting, (time.monotonic() + delays[queue], next(order), queue, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, queue, packet = heapq.heappop(waiting)
            verdict = _attribute(_HEADER_OF_VERDICT, struct.pack(">II", _ACCEPT, packet))
            netlink.send(_message(_VERDICT, queue, _REQUEST, verdict))


def _arrived(netlink: socket.socket) -> Iterator[tuple[int, int]]:
    """Queue and number of each packet that the kernel tells of."""
    try:
        data = netlink.recv(1 << 16)
    except OSError as error:
        # More came than the socket holds: those packets are lost, as in a network that is too busy.
        if error.errno == errno.ENOBUFS:
            return
        raise
    for kind, body in _messages(data):
        if kind == _SUBSYSTEM << 8 | _PACKET:
            (queue,) = struct.unpack(">H", body[2:4])
            for number, content in _attributes(body[4:]):
                if number == _HEADER_OF_PACKET:
                    yield queue, struct.unpack(">I", content[:4])[0]


def _configure(netlink: socket.socket, queue: int, attribute: bytes) -> None:
    netlink.send(_message(_CONFIG, queue, _REQUEST | _ACKNOWLEDGE, attribute))
    for kind, body in _messages(netlink.recv(1 << 16)):
        if kind == _ERROR:
            (code,) = struct.unpack("=i", body[:4])
            if code:
                raise OSError(-code, f"the kernel does not give queue {queue}")


def _message(kind: int, queue: int, flags: int, attribute: bytes) -> bytes:
    body = struct.pack(">BBH", socket.AF_UNSPEC, 0, queue) + attribute
    return struct.pack("=IHHII", 16 + len(body), _SUBSYSTEM << 8 | kind, flags, 0, 0) + body


def _attribute(number: int, content: bytes) -> bytes:
    padding = b"\0" * (-len(content) % 4)
    return struct.pack("=HH", 4 + len(content), number) + content + padding


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 16:
        length, kind = struct.unpack("=IH", data[:6])
        yield kind, data[16:length]
        data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, number = struct.unpack("=HH", data[:4])
        yield number & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


if __name__ == "__main__":
    main(sys.argv[1:])
