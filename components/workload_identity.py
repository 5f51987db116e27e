"""Who a pod is: its service account, and the IAM role that the account may assume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from components import aws
from components.iam import policy_document
from components.kubernetes import KubernetesObject
from components.options import child

Access = Literal["read", "readWrite"]

AUDIENCE = "sts.amazonaws.com"

_OBJECT_ACTIONS: Mapping[Access, Sequence[str]] = {
    "read": ("s3:GetObject",),
    "readWrite": (
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ),
}


@dataclass(frozen=True)
class BucketGrant:
    """What a workload may do in a bucket.

    Attributes:
        arn: The bucket.
        access: `read` or `readWrite`.
        kms_key_arn: The bucket's own key, if it has one: without the right to use it, every request is refused.
    """

    arn: pulumi.Input[str]
    access: Access
    kms_key_arn: str | None = None


@dataclass(frozen=True)
class TokenIssuer:
    """The cluster's token issuer, as AWS knows it.

    Attributes:
        url: The issuer, without a final slash.
        provider_arn: The account's provider for it.
    """

    url: str
    provider_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a workload's identity is made from.

    Attributes:
        account: Name of the service account.
        role: Name of the role, 64 characters or fewer.
        namespace: Where the account is.
        labels: On the account.
        issuer: The cluster's token issuer.
        grants: What the role may do; with none there is no role.
        tags: On the role.
    """

    account: str
    role: str
    namespace: pulumi.Input[str]
    labels: Mapping[str, str]
    issuer: TokenIssuer
    grants: Sequence[BucketGrant]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class MadeIdentity:
    """The resources of an identity.

    Attributes:
        role_arn: The role, if there is one.
        resources: All that was registered.
    """

    role_arn: pulumi.Output[str] | None
    resources: tuple[pulumi.Resource, ...]


def make_identity(parent: pulumi.Resource, name: str, identity: Identity) -> MadeIdentity:
    """Register a workload's service account and, if it is granted anything, its role."""
    account = KubernetesObject(
        f"{name}-account",
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": identity.account, "namespace": identity.namespace, "labels": dict(identity.labels)},
            # Nothing in a pod talks to the cluster: the token for AWS is projected explicitly.
            "automountServiceAccountToken": False,
        },
        child(parent),
    )
    if not identity.grants:
        return MadeIdentity(None, (account,))
    role = aws.Role(
        f"{name}-role",
        name=identity.role,
        description=f"What {identity.account} may do",
        assume_role_policy=pulumi.Output.all(identity.issuer.provider_arn, identity.namespace).apply(
            lambda known: policy_document(assumable_by(identity.issuer.url, known[0], known[1], identity.account))
        ),
        max_session_duration=3600,
        tags=dict(identity.tags),
        opts=child(parent),
    )
    policy = aws.RolePolicy(
        f"{name}-role-policy",
        name="buckets",
        role=role.id,
        policy=pulumi.Output.all(*(grant.arn for grant in identity.grants)).apply(
            lambda arns: policy_document(
                *(bucket_statement(arn, grant.access) for arn, grant in zip(arns, identity.grants, strict=True)),
                *(key_statement(key, access) for key, access in _keys(identity.grants).items()),
            )
        ),
        opts=child(parent),
    )
    return MadeIdentity(role.arn, (account, role, policy))


def assumable_by(issuer: str, provider_arn: str, namespace: str, account: str) -> dict[str, Any]:
    """A trust statement for one service account of one cluster."""
    host = issuer.removeprefix("https://")
    return {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{host}:aud": AUDIENCE,
                f"{host}:sub": f"system:serviceaccount:{namespace}:{account}",
            }
        },
    }


def bucket_statement(arn: str, access: Access) -> dict[str, Any]:
    """What a role may do with a bucket's objects; it cannot list them or change the bucket."""
    return {"Effect": "Allow", "Action": list(_OBJECT_ACTIONS[access]), "Resource": f"{arn}/*"}


def key_statement(arn: str, access: Access) -> dict[str, Any]:
    """What a role may do with the key of a bucket's objects: decrypt what it reads, encrypt what it writes."""
    actions = ["kms:Decrypt"] if access == "read" else ["kms:Decrypt", "kms:GenerateDataKey"]
    return {"Effect": "Allow", "Action": actions, "Resource": arn}


def _keys(grants: Sequence[BucketGrant]) -> dict[str, Access]:
    """Each key once, with the wider access of the buckets that it encrypts."""
    found: dict[str, Access] = {}
    for grant in grants:
        if grant.kms_key_arn and found.get(grant.kms_key_arn) != "readWrite":
            found[grant.kms_key_arn] = grant.access
    return dict(sorted(found.items()))
