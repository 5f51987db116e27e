"""SR-STORE: a production bucket is encrypted, versioned, private, and answers over TLS only.

A bucket's settings are resources of their own, found by what they were made from or by the bucket's name; what older
programs wrote into the bucket itself counts too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from policies import production
from policies.documents import lets_everybody_in, refuses_plain_requests, statements
from policies.model import Resource, Verdict
from policies.node import Node, guard
from policies.production import is_production
from policies.references import of_types, referring
from policies.values import flag, given

BUCKET: Final = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
VERSIONING: Final = frozenset(
    {"aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"}
)
REPLICATION: Final = frozenset({"aws:s3/bucketReplicationConfig:BucketReplicationConfig"})
_ENCRYPTION: Final = frozenset(
    {
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
    }
)
_BLOCK: Final = frozenset({"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"})
_ACCOUNT_BLOCK: Final = frozenset({"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"})
_POLICY: Final = frozenset({"aws:s3/bucketPolicy:BucketPolicy"})
_ACL: Final = frozenset({"aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"})

_DOORS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS: Final = frozenset({"public-read", "public-read-write", "authenticated-read"})
_PUBLIC_GROUPS: Final = ("/AllUsers", "/AuthenticatedUsers")
_KMS: Final = frozenset({"aws:kms", "aws:kms:dsse"})

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    "acceptDefaults": {
        "type": "boolean",
        "default": False,
        "description": "Take what S3 does for new buckets by itself, encryption and blocked public access, for enough.",
    },
    "requireKmsKey": {
        "type": "boolean",
        "default": False,
        "description": "Ask for encryption with a key of KMS; S3's own does not do then.",
    },
    "replicated": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Logical names of buckets that have to have a copy; * stands for anything.",
    },
}

_KEEP_PRIVATE: Final = "name who may ask, and serve the public through a distribution with origin access control"


def nothing_is_public(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one bucket, bucket policy or ACL by itself: whether it lets in whoever asks."""
    if not is_production(resource, settings):
        return
    root = Node(resource.properties)
    if resource.type in BUCKET | _POLICY:
        yield from guard(resource, _policy(resource, root["policy"]))
    if resource.type in BUCKET | _ACL:
        yield from guard(resource, _acl(resource, root["acl"]))
    if resource.type in BUCKET:
        yield from guard(resource, _grants(resource, [grant["uri"] for grant in root["grants"].elements()]))
    if resource.type in _ACL:
        grants = root.at("accessControlPolicy", "grants").elements()
        yield from guard(resource, _grants(resource, [grant.at("grantee", "uri") for grant in grants]))


def _policy(resource: Resource, policy: Node) -> Iterator[Verdict]:
    for statement in statements(policy):
        if lets_everybody_in(statement):
            node = statement["NotPrincipal"] if statement["NotPrincipal"].present else statement["Principal"]
            yield Verdict(resource, node.path, node.known(), "lets in whoever asks", _KEEP_PRIVATE)


def _acl(resource: Resource, acl: Node) -> Iterator[Verdict]:
    if acl.text in _PUBLIC_ACLS:
        yield Verdict(resource, acl.path, acl.value, "lets in whoever asks", "leave it out, or write private")


def _grants(resource: Resource, groups: Sequence[Node]) -> Iterator[Verdict]:
    for group in groups:
        if group.text.endswith(_PUBLIC_GROUPS):
            yield Verdict(resource, group.path, group.value, "lets in whoever asks", "leave this grant out")


@dataclass(frozen=True)
class _Settings:
    """The resources that settings of buckets may be in.

    Attributes:
        encryptions: Their encryption.
        versionings: Their versioning.
        blocks: What blocks public access.
        account_blocks: The same for all buckets of the account.
        policies: Their policies.
        replications: Their copies.
    """

    encryptions: Sequence[Resource]
    versionings: Sequence[Resource]
    blocks: Sequence[Resource]
    account_blocks: Sequence[Resource]
    policies: Sequence[Resource]
    replications: Sequence[Resource]


def bucket_is_settled(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every bucket by its settings, wherever they stand."""
    beside = _Settings(
        encryptions=of_types(resources, _ENCRYPTION),
        versionings=of_types(resources, VERSIONING),
        blocks=of_types(resources, _BLOCK),
        account_blocks=of_types(resources, _ACCOUNT_BLOCK),
        policies=of_types(resources, _POLICY),
        replications=of_types(resources, REPLICATION),
    )
    for bucket in of_types(resources, BUCKET):
        if is_production(bucket, settings):
            yield from guard(bucket, _encrypted(bucket, beside, settings))
            yield from guard(bucket, _versioned(bucket, beside))
            yield from guard(bucket, _blocked(bucket, beside, settings))
            yield from guard(bucket, _tls_only(bucket, beside))
            yield from guard(bucket, _replicated(bucket, beside, settings))


def _encrypted(bucket: Resource, beside: _Settings, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    root = Node(bucket.properties)["serverSideEncryptionConfiguration"]
    rules = [(bucket, root["rule"])] if root.present else []
    for one in referring(beside.encryptions, "bucket", bucket):
        rules += [(one, rule) for rule in Node(one.properties)["rules"].elements()]
    found = [(one, rule.at("applyServerSideEncryptionByDefault", "sseAlgorithm")) for one, rule in rules]
    said = [(one, node) for one, node in found if given(node)]
    if not said and not (settings["acceptDefaults"] and not settings["requireKmsKey"]):
        yield Verdict(
            bucket,
            "serverSideEncryptionConfiguration",
            None,
            "is said nowhere, so that nobody would see its change",
            "add a BucketServerSideEncryptionConfiguration for this bucket",
        )
    for one, node in said:
        if settings["requireKmsKey"] and node.text not in _KMS:
            problem = f'encrypts "{bucket.name}" with no key of KMS'
            yield Verdict(one, node.path, node.value, problem, "write aws:kms, and the key in kmsMasterKeyId")


def is_versioned(bucket: Resource, versionings: Sequence[Resource]) -> bool:
    """Whether the bucket keeps what is overwritten and deleted; an object lock brings versioning with it."""
    root = Node(bucket.properties)
    if flag(root["objectLockEnabled"]) or flag(root.at("versioning", "enabled")):
        return True
    states = [_state(one).text for one in referring(versionings, "bucket", bucket)]
    return "Enabled" in states


def _state(versioning: Resource) -> Node:
    return Node(versioning.properties).at("versioningConfiguration", "status")


def _versioned(bucket: Resource, beside: _Settings) -> Iterator[Verdict]:
    if is_versioned(bucket, beside.versionings):
        return
    for one in referring(beside.versionings, "bucket", bucket):
        node = _state(one)
        problem = f'keeps nothing of what is overwritten or deleted in "{bucket.name}"'
        yield Verdict(one, node.path, node.value, problem, "set it to Enabled")
        return
    yield Verdict(
        bucket,
        "versioning",
        None,
        "is on nowhere, so what is overwritten or deleted is lost",
        "add a BucketVersioning for this bucket with status Enabled",
    )


def _blocked(bucket: Resource, beside: _Settings, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    own = list(referring(beside.blocks, "bucket", bucket))
    account = [Node(one.properties) for one in beside.account_blocks]
    if not own and not account:
        if not settings["acceptDefaults"]:
            yield Verdict(
                bucket,
                "bucketPublicAccessBlock",
                None,
                "is said nowhere, so that nobody would see its change",
                "add a BucketPublicAccessBlock for this bucket with all four set to true",
            )
        return
    for door in _DOORS:
        nodes = [Node(one.properties)[door] for one in own]
        if not any(flag(node) for node in [*nodes, *(root[door] for root in account)]):
            one, node = (own[0], nodes[0]) if own else (beside.account_blocks[0], account[0][door])
            problem = f'leaves a way to make "{bucket.name}" public'
            yield Verdict(one, node.path, node.value, problem, "set it to true")


def _tls_only(bucket: Resource, beside: _Settings) -> Iterator[Verdict]:
    inline = Node(bucket.properties)["policy"]
    written = list(referring(beside.policies, "bucket", bucket))
    if len(written) > 1:
        names = " and ".join(f'"{one.name}"' for one in written)
        problem = f"is said by more than one BucketPolicy ({names}), and the last one to be made overwrites the others"
        yield Verdict(bucket, "policy", None, problem, "write their statements into one")
        return
    one, policy = (written[0], Node(written[0].properties)["policy"]) if written else (bucket, inline)
    if not given(policy):
        problem = "is said nowhere, so the bucket answers without TLS too"
        yield Verdict(bucket, "policy", None, problem, _REFUSE_PLAIN)
    elif not any(refuses_plain_requests(statement) for statement in statements(policy)):
        problem = f'lets "{bucket.name}" answer without TLS too'
        yield Verdict(one, policy.path, None, problem, _REFUSE_PLAIN)


_REFUSE_PLAIN: Final = (
    "add a statement that denies s3:* to * on the bucket and its objects when aws:SecureTransport is false"
)


def _replicated(bucket: Resource, beside: _Settings, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    if not any(fnmatchcase(bucket.name, str(pattern)) for pattern in settings["replicated"]):
        return
    rules = list(Node(bucket.properties).at("replicationConfiguration", "rules").elements())
    for one in referring(beside.replications, "bucket", bucket):
        rules += Node(one.properties)["rules"].elements()
    if not any(rule["status"].text == "Enabled" for rule in rules):
        problem = "is enabled by no rule, so the bucket has no copy"
        yield Verdict(bucket, "replication", None, problem, "add a BucketReplicationConfig with an enabled rule")
