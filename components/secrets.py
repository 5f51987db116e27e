"""Credentials: generated, kept in Secrets Manager, delivered to pods as Secrets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_random as random

from components import aws
from components.errors import Refusal, refuse
from components.kubernetes import KubernetesObject
from components.options import child

MIN_LENGTH = 24


@dataclass(frozen=True, kw_only=True)
class CredentialArgs:
    """A credential to generate.

    Attributes:
        identifier: Name in Secrets Manager, for example `aiponge-prod/redis/cache`.
        description: What it opens.
        key: Under which key of the JSON object the generated value is kept.
        fixed: Further keys of the object, for example the username.
        length: Characters, letters and digits only: it goes into URLs and every store accepts them. 40 are 238 bits.
        recovery_days: Days in which a deleted secret can be restored, 7 to 30, or 0 to delete at once. Its name stays
            taken meanwhile.
        tags: On the secret.
    """

    identifier: str
    description: str
    key: str
    fixed: Mapping[str, str] = field(default_factory=dict)
    length: int = 40
    recovery_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)


class Credential(pulumi.ComponentResource):
    """A generated credential.

    Attributes:
        value: The generated value; secret.
        secret_arn: Where it is kept, as a JSON object.
    """

    value: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CredentialArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Credential", name, None, opts)
        if args.length < MIN_LENGTH:
            refuse(
                f"Credential {name!r}", [Refusal("length", args.length, f"can be guessed: write {MIN_LENGTH} or more")]
            )
        if args.recovery_days and not 7 <= args.recovery_days <= 30:
            refuse(
                f"Credential {name!r}", [Refusal("recovery_days", args.recovery_days, "write 7 to 30, or 0 for none")]
            )
        password = random.RandomPassword(f"{name}-value", length=args.length, special=False, opts=child(self))
        secret = aws.Secret(
            f"{name}-secret",
            name=args.identifier,
            description=args.description,
            recovery_window_in_days=args.recovery_days,
            tags=dict(args.tags),
            opts=child(self),
        )
        fixed, key = dict(args.fixed), args.key
        aws.SecretVersion(
            f"{name}-version",
            secret_id=secret.arn,
            secret_string=password.result.apply(lambda value: json.dumps({**fixed, key: value}, sort_keys=True)),
            opts=child(self),
        )
        self.value = pulumi.Output.secret(password.result)
        self.secret_arn = secret.arn
        self.register_outputs({"secretArn": self.secret_arn})


@dataclass(frozen=True, kw_only=True)
class DeliveredSecretArgs:
    """A Secret in the cluster.

    Attributes:
        identifier: Name of the Secret.
        namespace: Where.
        data: Values by key; marked secret whatever they come from.
        labels: On the Secret.
    """

    identifier: str
    namespace: pulumi.Input[str]
    data: Mapping[str, pulumi.Input[str]]
    labels: Mapping[str, str] = field(default_factory=dict)


class DeliveredSecret(pulumi.ComponentResource):
    """A Kubernetes Secret that pods take variables from.

    Attributes:
        identifier: Name of the Secret; whoever uses it waits for the Secret.
        checksum: Changes with the content and tells nothing about it.
    """

    identifier: pulumi.Output[str]
    checksum: pulumi.Output[str]

    def __init__(self, name: str, args: DeliveredSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:DeliveredSecret", name, None, opts)
        encoded = {key: pulumi.Output.secret(value).apply(_base64) for key, value in args.data.items()}
        # A guessable value must not be found out from its checksum: the salt is as long as a key, and secret.
        salt = random.RandomPassword(f"{name}-salt", length=32, special=False, opts=child(self))
        secret = KubernetesObject(
            f"{name}-secret",
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "Opaque",
                "metadata": {"name": args.identifier, "namespace": args.namespace, "labels": dict(args.labels)},
                "data": encoded,
            },
            child(self),
        )
        self.identifier = secret.metadata["name"]
        self.checksum = _checksum(salt.result, encoded)
        self.register_outputs({"identifier": self.identifier})


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _checksum(salt: pulumi.Output[str], data: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    def digest(values: Sequence[str]) -> str:
        return hashlib.sha256("\n".join(values).encode()).hexdigest()[:16]

    return pulumi.Output.unsecret(pulumi.Output.all(salt, *(data[key] for key in sorted(data))).apply(digest))
