"""Marks by which a server's packets can be told when its address does not tell them.

What a server sends to another one of this machine leaves from the other one's address, unless the server binds its
own first, which PostgreSQL and Patroni cannot. The kernel does know which process opened a connection, and iptables'
`owner` match can ask for the process's supplementary groups: each such server has one of its own.
"""

from __future__ import annotations

import ipaddress

_FIRST = 0x40000000
"""Above every group that a system has; below the largest that the kernel takes."""


def group_of(address: str) -> int:
    """ID of the group that marks the processes of the server with this address; the group needs no name."""
    return _FIRST | int(ipaddress.IPv4Address(address)) & 0x0FFFFFFF
