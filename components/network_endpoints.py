"""Private ways to AWS's services, which lead to this account's resources and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from components import aws
from components.iam import policy_document
from components.ingress import let_pods_in
from components.naming import partition
from components.network_rules import EndpointService
from components.options import child

Statement = dict[str, object]

_HTTPS = 443
_OTHERS_TOO = frozenset({"ecr.api", "ecr.dkr", "autoscaling", "ec2", "elasticloadbalancing", "monitoring", "ssm"})
"""Services whose callers are told to be ours and whose resources are not: images of add-ons are in AWS's own
registries, public parameters and machine images in AWS's own accounts, and much of the rest has no resource."""


@dataclass(frozen=True, kw_only=True)
class EndpointPlan:
    """Endpoints of one network.

    Attributes:
        identifier: Name of the network.
        region: Where it is.
        vpc: The VPC.
        services: Services with an interface endpoint.
        subnet_ids: One subnet in each zone, for interfaces.
        client_cidrs: Address ranges that may call.
        route_table_ids: Tables that lead to S3.
        accounts: Numbers of further accounts whose resources may be reached.
        tags: On everything.
    """

    identifier: str
    region: str
    vpc: aws.Vpc
    services: Sequence[EndpointService]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_cidrs: Sequence[str]
    route_table_ids: Sequence[pulumi.Input[str]]
    accounts: Sequence[str]
    tags: Mapping[str, str]


def make_endpoints(parent: pulumi.Resource, name: str, plan: EndpointPlan) -> None:
    """Register the gateway to S3, and an interface for each service."""

    def tags(what: str) -> dict[str, str]:
        return {**plan.tags, "Name": f"{plan.identifier}-{what}"}

    aws.VpcEndpoint(
        f"{name}-s3",
        vpc_id=plan.vpc.id,
        service_name=f"com.amazonaws.{plan.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=list(plan.route_table_ids),
        policy=plan.vpc.owner_id.apply(lambda owner: s3_policy(plan.region, owner, plan.accounts)),
        tags=tags("s3"),
        opts=child(parent),
    )
    if not plan.services:
        return
    group = _group(parent, name, plan)
    for service in plan.services:
        aws.VpcEndpoint(
            f"{name}-{service.replace('.', '-')}",
            vpc_id=plan.vpc.id,
            service_name=f"com.amazonaws.{plan.region}.{service}",
            vpc_endpoint_type="Interface",
            # Pods call the service by its usual name.
            private_dns_enabled=True,
            subnet_ids=list(plan.subnet_ids),
            security_group_ids=[group.id],
            policy=plan.vpc.owner_id.apply(partial(interface_policy, service, further=plan.accounts)),
            tags=tags(service),
            opts=child(parent),
        )


def _group(parent: pulumi.Resource, name: str, plan: EndpointPlan) -> aws.SecurityGroup:
    """HTTPS from the pods; an endpoint answers, it never calls."""
    identifier = f"{plan.identifier}-endpoints"
    group = aws.SecurityGroup(
        f"{name}-endpoints",
        name=identifier,
        description=f"Callers of AWS services in {plan.identifier}",
        vpc_id=plan.vpc.id,
        tags={**plan.tags, "Name": identifier},
        opts=child(parent),
    )
    let_pods_in(parent, f"{name}-endpoints", group, _HTTPS, plan.client_cidrs, plan.tags)
    return group


def s3_policy(region: str, account: str, further: Sequence[str]) -> str:
    """This account's callers to this account's buckets; and what nodes read of AWS's own: layers of images, and
    packages of Amazon Linux."""
    arn = f"arn:{partition(region)}:s3:::"
    return policy_document(
        _ours("s3:*", account, further),
        {
            "Sid": "AmazonsOwn",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": [
                f"{arn}prod-{region}-starport-layer-bucket/*",
                f"{arn}al2023-repos-{region}-de612dc2/*",
                f"{arn}amazonlinux-2-repos-{region}/*",
            ],
        },
    )


def interface_policy(service: EndpointService, account: str, further: Sequence[str]) -> str:
    """This account's callers to this account's resources, so that nothing leaves with somebody else's credentials."""
    actions = f"{service.partition('.')[0]}:*"
    if service == "sts":
        # Whoever asks for a role with a pod's token has no account yet.
        token: Statement = {
            "Sid": "Tokens",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceAccount": _accounts(account, further)}},
        }
        return policy_document(token, _callers(actions, account))
    if service in _OTHERS_TOO:
        return policy_document(_callers("cloudwatch:*" if service == "monitoring" else actions, account))
    return policy_document(_ours(actions, account, further))


def _callers(actions: str, account: str) -> Statement:
    return {
        "Sid": "OurCallers",
        "Effect": "Allow",
        "Principal": "*",
        # What a caller may do is said by its own policies: this one says whose callers and whose resources.
        "Action": actions,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
    }


def _ours(actions: str, account: str, further: Sequence[str]) -> Statement:
    statement = _callers(actions, account)
    statement["Sid"] = "OurCallersToOurResources"
    # Some actions have no resource, and so no account of one.
    statement["Condition"] = {
        "StringEquals": {"aws:PrincipalAccount": account},
        "StringEqualsIfExists": {"aws:ResourceAccount": _accounts(account, further)},
    }
    return statement


def _accounts(account: str, further: Sequence[str]) -> list[str]:
    return sorted({account, *further})
