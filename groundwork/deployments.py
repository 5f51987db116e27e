"""The deployments of a stack as the engine remembers them, and what to go back to when the last one is not well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_LOST: Final = ("replace", "delete")


@dataclass(frozen=True)
class Deployment:
    """One update of a stack.

    Attributes:
        ended: When, in UTC (ISO 8601): what tells one update from another.
        succeeded: Whether the engine brought everything up.
        revision: Commit of the program; empty where it lay in no repository or differed from its commit.
        changes: How many resources were created, updated, replaced and deleted.
    """

    ended: str
    succeeded: bool
    revision: str
    changes: Mapping[str, int]


@dataclass(frozen=True)
class Mark:
    """The last deployment that passed its checks.

    Attributes:
        ended: Its `Deployment.ended`.
        revision: Its commit, or empty.
    """

    ended: str
    revision: str

    def as_text(self) -> str:
        """For a tag of the stack."""
        return json.dumps({"ended": self.ended, "revision": self.revision})

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """The mark in a tag; `None` when somebody else wrote it."""
        try:
            content = json.loads(text)
            return cls(str(content["ended"]), str(content["revision"]))
        except (ValueError, KeyError, TypeError):
            return None


def read(history: Sequence[Mapping[str, Any]]) -> list[Deployment]:
    """The updates in what `pulumi stack history --json` answers, the newest first."""
    found = [_deployment(entry) for entry in history if entry.get("kind") == "update"]
    return sorted(found, key=lambda deployment: deployment.ended, reverse=True)


def _deployment(entry: Mapping[str, Any]) -> Deployment:
    environment = entry.get("environment") or {}
    return Deployment(
        ended=str(entry.get("endTime", "")),
        succeeded=entry.get("result") == "succeeded",
        revision="" if environment.get("git.dirty") == "true" else str(environment.get("git.head", "")),
        changes=entry.get("resourceChanges") or {},
    )


def advice(stack: str, deployments: Sequence[Deployment], mark: Mark | None) -> Iterator[str]:
    """What to do now that a check of the stack fails, in lines.

    Args:
        deployments: Newest first.
        mark: The last deployment that passed its checks, if any did.
    """
    if mark is None:
        yield f"No deployment of {stack} has passed its checks yet, so there is nothing to go back to: mend forward."
        return
    since = [deployment for deployment in deployments if deployment.ended > mark.ended]
    if not since:
        yield (
            f"Nothing was deployed since {mark.ended}, when every check of {stack} passed: "
            "going back mends nothing. Look at what failed."
        )
        return
    yield f"The last deployment of {stack} that passed its checks ended at {mark.ended}; {_number(len(since))} since."
    if mark.revision:
        yield f"Go back: git checkout {mark.revision} && groundwork up {stack} && groundwork gate {stack}"
        yield f"On the main branch instead: git revert {mark.revision}..HEAD, and deploy that."
    else:
        yield "It was not made from a commit: take the program as it was then, and bring the stack up with it."
    lost = {key: sum(each.changes.get(key, 0) for each in since) for key in _LOST}
    if any(lost.values()):
        yield (
            f"Since then {lost['replace']} resources were replaced and {lost['delete']} deleted. Going back makes them "
            "again, but not what was in them: look at the list of the deployment, and restore data from its backup."
        )
    if not since[0].succeeded:
        yield "The last deployment did not come to its end: what it had begun is brought back by the same commands."


def _number(count: int) -> str:
    return "1 deployment" if count == 1 else f"{count} deployments"
