"""Credentials: generated, kept in Secrets Manager, delivered to pods as Secrets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

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
        generation: Raise it by one to rotate: the value of the generation before stays alive beside the new one, until
            the next rotation.
        length: Characters, letters and digits only: it goes into URLs and every store accepts them. 40 are 238 bits.
        recovery_days: Days in which a deleted secret can be restored, 7 to 30, or 0 to delete at once. Its name stays
            taken meanwhile.
        tags: On the secret.
    """

    identifier: str
    description: str
    key: str
    fixed: Mapping[str, str] = field(default_factory=dict)
    generation: int = 1
    length: int = 40
    recovery_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)


class Credential(pulumi.ComponentResource):
    """A generated credential.

    Requirements: P0-SECRETS, RB-SECRET.

    Attributes:
        value: The generated value; secret.
        previous: The value before the last rotation, still to be accepted; secret. None before the first.
        secret_arn: Where it is kept, as a JSON object.
    """

    value: pulumi.Output[str]
    previous: pulumi.Output[str] | None
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
        if args.generation < 1:
            refuse(f"Credential {name!r}", [Refusal("generation", args.generation, "write 1, and one more to rotate")])
        # A generation's value belongs to its name: the one before is kept by still being registered.
        passwords = {
            generation: random.RandomPassword(
                _value_name(name, generation), length=args.length, special=False, opts=child(self)
            )
            for generation in range(max(1, args.generation - 1), args.generation + 1)
        }
        password, before = passwords[args.generation], passwords.get(args.generation - 1)
        secret = aws.Secret(
            f"{name}-secret",
            name=args.identifier,
            description=args.description,
            recovery_window_in_days=args.recovery_days,
            tags=dict(args.tags),
            opts=child(self),
        )
        fixed, key = dict(args.fixed), args.key
        values = pulumi.Output.all(**{key: password.result, **({f"{key}Previous": before.result} if before else {})})
        aws.SecretVersion(
            f"{name}-version",
            secret_id=secret.arn,
            secret_string=values.apply(lambda known: json.dumps({**fixed, **known}, sort_keys=True)),
            opts=child(self),
        )
        self.value = pulumi.Output.secret(password.result)
        self.previous = pulumi.Output.secret(before.result) if before else None
        self.secret_arn = secret.arn
        self.register_outputs({"secretArn": self.secret_arn})


def _value_name(name: str, generation: int) -> str:
    return f"{name}-value" if generation == 1 else f"{name}-value-{generation}"


@dataclass(frozen=True, kw_only=True)
class ExternalDelivery:
    """Secrets that the External Secrets operator (external-secrets.io/v1) fetches from Secrets Manager: they reach the
    cluster without passing through whoever deploys to it.

    Attributes:
        store: Name of the operator's store; it must be allowed to read `<prefix>/delivered/*`.
        store_kind: `ClusterSecretStore` or `SecretStore`.
        prefix: Start of names in Secrets Manager.
        recovery_days: As for a credential.
        tags: On the secrets.
    """

    store: str
    store_kind: Literal["ClusterSecretStore", "SecretStore"]
    prefix: str
    recovery_days: int
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeliveredSecretArgs:
    """A Secret in the cluster.

    Attributes:
        identifier: Name of the Secret.
        namespace: Where.
        data: Values by key; marked secret whatever they come from.
        external: How an operator brings it there; without one it is written to the cluster.
        labels: On the Secret.
    """

    identifier: str
    namespace: pulumi.Input[str]
    data: Mapping[str, pulumi.Input[str]]
    external: ExternalDelivery | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


class DeliveredSecret(pulumi.ComponentResource):
    """A Kubernetes Secret that pods take variables from.

    Requirements: P0-SECRETS, SR-SECRET.

    Attributes:
        identifier: Name of the Secret; whoever uses it waits for the Secret.
        checksum: Changes with the content and tells nothing about it.
    """

    identifier: pulumi.Output[str]
    checksum: pulumi.Output[str]

    def __init__(self, name: str, args: DeliveredSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:DeliveredSecret", name, None, opts)
        data = {key: pulumi.Output.secret(value) for key, value in args.data.items()}
        # A guessable value must not be found out from its checksum: the salt is as long as a key, and secret.
        salt = random.RandomPassword(f"{name}-salt", length=32, special=False, opts=child(self))
        encoded = {key: value.apply(_base64) for key, value in data.items()}
        self.checksum = _checksum(salt.result, encoded)
        self.identifier = (
            self._written(name, args, encoded)
            if args.external is None
            else self._fetched(name, args, args.external, data)
        )
        self.register_outputs({"identifier": self.identifier})

    def _written(
        self, name: str, args: DeliveredSecretArgs, encoded: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[str]:
        secret = KubernetesObject(
            f"{name}-secret",
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "Opaque",
                "metadata": {"name": args.identifier, "namespace": args.namespace, "labels": dict(args.labels)},
                "data": dict(encoded),
            },
            child(self),
        )
        written: pulumi.Output[str] = secret.metadata["name"]
        return written

    def _fetched(
        self,
        name: str,
        args: DeliveredSecretArgs,
        external: ExternalDelivery,
        data: Mapping[str, pulumi.Output[str]],
    ) -> pulumi.Output[str]:
        """A Secret of another name for each content. Under one name, new pods could start before the operator has
        fetched what they were started for; so the old one lives on until no pod uses it."""
        kept = aws.Secret(
            f"{name}-kept",
            name=f"{external.prefix}/delivered/{args.identifier}",
            description=f"What the Secret {args.identifier} in the cluster is made from",
            recovery_window_in_days=external.recovery_days,
            tags=dict(external.tags),
            opts=child(self),
        )
        version = aws.SecretVersion(
            f"{name}-kept-version",
            secret_id=kept.arn,
            secret_string=pulumi.Output.all(**data).apply(lambda known: json.dumps(known, sort_keys=True)),
            opts=child(self),
        )
        identifier = pulumi.Output.concat(args.identifier, "-", self.checksum)
        fetched = KubernetesObject(
            f"{name}-external",
            {
                "apiVersion": "external-secrets.io/v1",
                "kind": "ExternalSecret",
                "metadata": {
                    "name": identifier,
                    "namespace": args.namespace,
                    "labels": dict(args.labels),
                    # Pulumi waits for what Kubernetes itself brings, not for others' objects, unless told how.
                    "annotations": {"pulumi.com/waitFor": "condition=Ready"},
                },
                "spec": {
                    "refreshInterval": "1h",
                    "secretStoreRef": {"name": external.store, "kind": external.store_kind},
                    "target": {
                        "name": identifier,
                        "creationPolicy": "Owner",
                        "template": {"metadata": {"labels": dict(args.labels)}},
                    },
                    "dataFrom": [
                        {
                            "extract": {
                                "key": kept.arn,
                                "version": pulumi.Output.concat("uuid/", version.version_id),
                            }
                        }
                    ],
                },
            },
            child(self),
        )
        ready: pulumi.Output[str] = fetched.metadata["name"]
        return ready


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _checksum(salt: pulumi.Output[str], data: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    def digest(values: Sequence[str]) -> str:
        return hashlib.sha256("\n".join(values).encode()).hexdigest()[:16]

    return pulumi.Output.unsecret(pulumi.Output.all(salt, *(data[key] for key in sorted(data))).apply(digest))
