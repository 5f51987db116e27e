"""Effects on packets as rules of iptables: pure functions.

They stand in two chains of the table `mangle`, one at its first and one at its last hook, so that they see a packet
before any other rule can let it pass, forwarded ones included.
"""

from __future__ import annotations

from collections.abc import Sequence

from local.failures.effects import Effects
from local.network.namespaces import NODE_INTERFACE
from local.network.plan import Plan

TABLE = "mangle"
ARRIVING, LEAVING = "groundwork-arriving", "groundwork-leaving"
HOOKS = {ARRIVING: "PREROUTING", LEAVING: "POSTROUTING"}
_FIRST_QUEUE = 4570
"""Number of the first queue; each delayed address has one of its own."""


def queues(effects: Effects) -> dict[int, int]:
    """Milliseconds by the number of the queue that packets wait in."""
    return {_FIRST_QUEUE + n: effects.delays[address] for n, address in enumerate(sorted(effects.delays))}


def rules(effects: Effects, plan: Plan) -> dict[str, list[str]]:
    """Rules in the form of `iptables-restore` by namespace; none for one where packets pass as they should."""
    hub: list[str] = []
    for address in sorted(effects.cut):
        hub += [f"-A {ARRIVING} -d {address}/32 -j DROP", f"-A {LEAVING} -s {address}/32 -j DROP"]
    for group in sorted(effects.marked):
        hub.append(f"-A {LEAVING} -m owner --gid-owner {group} --suppl-groups -j DROP")
    for address, percent in sorted(effects.losses.items()):
        chance = f"-m statistic --mode random --probability {percent / 100:.2f}"
        hub.append(f"-A {ARRIVING} -d {address}/32 {chance} -j DROP")
    for queue, address in zip(queues(effects), sorted(effects.delays), strict=True):
        # Packets pass should nobody read the queue.
        hub.append(f"-A {ARRIVING} -d {address}/32 -j NFQUEUE --queue-num {queue} --queue-bypass")
    cut_off = [f"-A {ARRIVING} -i {NODE_INTERFACE} -j DROP", f"-A {LEAVING} -o {NODE_INTERFACE} -j DROP"]
    nodes = {node.namespace: cut_off if node.namespace in effects.nodes else [] for node in plan.nodes}
    return {plan.hub: hub, **nodes}


def document(lines: Sequence[str]) -> str:
    """What `iptables-restore --noflush` takes: both chains anew, with these rules."""
    chains = [f":{chain} - [0:0]" for chain in HOOKS]
    return "\n".join([f"*{TABLE}", *chains, *lines, "COMMIT", ""])
