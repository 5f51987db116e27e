"""A distribution's own host names: the certificate, its proof, and the records that point to the distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components import aws
from components.bucket_policies import US_EAST_1
from components.options import child

_PROOF_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class DomainArgs:
    """Own host names.

    Attributes:
        names: Host names, the first the certificate's main one; `*.example.com` covers one level below.
        zone_id: Route 53 zone for the proof and for the records that point to the distribution; without one, the
            records are yours to make and `certificate_arn` is needed.
        certificate_arn: An issued certificate of yours in us-east-1; without one it is made and renewed by ACM.
    """

    names: Sequence[str]
    zone_id: str | None = None
    certificate_arn: str | None = None


def certificate(parent: pulumi.Resource, name: str, domain: DomainArgs, tags: Mapping[str, str]) -> pulumi.Input[str]:
    """ARN of the certificate, made where none is given: known once it is issued, since CloudFront takes no other.

    Everything of ACM's is in us-east-1 whatever the stack's region: CloudFront looks nowhere else.
    """
    if domain.certificate_arn is not None:
        return domain.certificate_arn
    if domain.zone_id is None:
        raise ValueError("arguments were not judged: neither a certificate nor a zone")
    asked = aws.Certificate(
        f"{name}-certificate",
        region=US_EAST_1,
        domain_name=domain.names[0],
        subject_alternative_names=list(domain.names[1:]) or None,
        validation_method="DNS",
        tags=dict(tags),
        opts=child(parent),
    )
    proofs = [
        _proof(parent, f"{name}-proof-{index}", asked, proved, domain.zone_id)
        for index, proved in enumerate(_proved(domain.names))
    ]
    return aws.CertificateValidation(
        f"{name}-certificate-issued",
        region=US_EAST_1,
        certificate_arn=asked.arn,
        validation_record_fqdns=[proof.fqdn for proof in proofs],
        opts=child(parent),
    ).certificate_arn


def _proved(names: Sequence[str]) -> list[str]:
    """The names that need a record: a wildcard is proved by the record of what it is below."""
    return list(dict.fromkeys(name.removeprefix("*.") for name in names))


def _proof(parent: pulumi.Resource, name: str, asked: aws.Certificate, proved: str, zone_id: str) -> aws.Record:
    option = asked.domain_validation_options.apply(lambda options: _option(options, proved))
    return aws.Record(
        name,
        zone_id=zone_id,
        name=option.apply(lambda found: found["resourceRecordName"]),
        type=option.apply(lambda found: found["resourceRecordType"]),
        records=[option.apply(lambda found: found["resourceRecordValue"])],
        ttl=_PROOF_SECONDS,
        # Another certificate for the same name is proved by the very same record.
        allow_overwrite=True,
        opts=child(parent),
    )


def _option(options: Sequence[Mapping[str, Any]], proved: str) -> Mapping[str, Any]:
    return next(option for option in options if option["domainName"].removeprefix("*.") == proved)


def point_to(parent: pulumi.Resource, name: str, domain: DomainArgs, distribution: aws.Distribution) -> None:
    """Records for IPv4 and IPv6 that lead each of the names to the distribution."""
    if domain.zone_id is None:
        return
    for index, host in enumerate(domain.names):
        for kind in ("A", "AAAA"):
            aws.Record(
                f"{name}-{kind.lower()}-{index}",
                zone_id=domain.zone_id,
                name=host,
                type=kind,
                aliases=[
                    {
                        "name": distribution.domain_name,
                        "zone_id": distribution.hosted_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                opts=child(parent),
            )
