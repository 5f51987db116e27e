"""S3's replication rules: which version goes where (S3 User Guide, "What does Amazon S3 replicate?")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"

PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"

STATES = "groundwork_replication"
"""Attribute of a version: how far its replication to each bucket is. A version without it has not been judged."""


@dataclass(frozen=True)
class Rule:
    """One rule of a bucket's replication configuration.

    Attributes:
        destination: Name of the bucket that receives.
        priority: Of rules with the same destination that match, the highest decides.
        prefix: Keys begin with it.
        tags: An object has all of them.
        markers: Delete markers are replicated too.
        encrypted: Objects encrypted with KMS are replicated too.
        storage_class: Of the replica, None for the source's.
        key: KMS key of replicas of objects that are encrypted with KMS.
    """

    destination: str
    priority: int
    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    markers: bool = False
    encrypted: bool = False
    storage_class: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Version:
    """What rules look at.

    Attributes:
        marker: It is a delete marker.
        encrypted: It is encrypted with KMS.
    """

    key: str
    marker: bool
    tags: Mapping[str, str]
    encrypted: bool


def parse(configuration: bytes) -> list[Rule]:
    """The enabled rules of a `ReplicationConfiguration`, an XML document that S3 has accepted."""
    root = ElementTree.fromstring(configuration)
    rules = [each for each in root if _name(each) == "Rule" and _text(each, "Status") == "Enabled"]
    return [_rule(each) for each in rules]


def destinations(rules: Sequence[Rule], version: Version) -> dict[str, Rule]:
    """Where a new version is replicated to, with the rule that says so, by bucket."""
    found: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda each: each.priority):
        if _covers(rule, version):
            found[rule.destination] = rule
    return {
        bucket: rule
        for bucket, rule in found.items()
        if (rule.markers if version.marker else rule.encrypted or not version.encrypted)
    }


def overall(states: Mapping[str, str]) -> str | None:
    """What S3 says of a version that goes to several buckets; None of one that goes nowhere."""
    for state in (FAILED, PENDING, REPLICA, COMPLETED):
        if state in states.values():
            return state
    return None


def _covers(rule: Rule, version: Version) -> bool:
    # A delete marker has no tags, and S3 replicates none for rules that ask for some.
    return version.key.startswith(rule.prefix) and rule.tags.items() <= version.tags.items()


def _rule(element: ElementTree.Element) -> Rule:
    # Without a filter it is a rule of the first version of the schema, which replicates delete markers always.
    first = _find(element, "Filter") is None
    tags = [each for each in element.iter() if _name(each) == "Tag"]
    return Rule(
        destination=_text(element, "Destination/Bucket").rpartition(":")[2],
        priority=int(_text(element, "Priority") or 0),
        prefix=_text(element, "Prefix" if first else "Filter/Prefix") or _text(element, "Filter/And/Prefix"),
        tags={_text(each, "Key"): _text(each, "Value") for each in tags},
        markers=first or _text(element, "DeleteMarkerReplication/Status") == "Enabled",
        encrypted=_text(element, "SourceSelectionCriteria/SseKmsEncryptedObjects/Status") == "Enabled",
        storage_class=_text(element, "Destination/StorageClass") or None,
        key=_text(element, "Destination/EncryptionConfiguration/ReplicaKmsKeyID") or None,
    )


def _name(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(_NAMESPACE)


def _find(element: ElementTree.Element, path: str) -> ElementTree.Element | None:
    for name in path.split("/"):
        found = [each for each in element if _name(each) == name]
        if not found:
            return None
        element = found[0]
    return element


def _text(element: ElementTree.Element, path: str) -> str:
    found = _find(element, path)
    return "" if found is None else (found.text or "")
