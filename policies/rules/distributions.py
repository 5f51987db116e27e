"""SR-CDN: a distribution speaks HTTPS only, with viewers and with origins, and buckets answer nobody but it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policies import production
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.production import is_production
from policies.references import of_types, referring
from policies.values import flag, given

DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
_SOURCE: Final = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
_DELIVERY: Final = "aws:cloudwatch/logDelivery:LogDelivery"

_SECURITY_POLICIES: Final = (
    *("SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021"),
    *("TLSv1.2_2025", "TLSv1.3_2025"),
)
"""From weak to strong (CloudFront Developer Guide, Supported protocols and ciphers between viewers and CloudFront)."""
_DEFAULT_SECURITY_POLICY: Final = "TLSv1"

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    "minimumProtocolVersion": {
        "type": "string",
        "enum": list(_SECURITY_POLICIES),
        "default": "TLSv1.2_2021",
        "description": "Weakest security policy that viewers may be served with.",
    },
}

_HTTPS_ONLY: Final = frozenset({"https-only", "redirect-to-https"})
_OLD_PROTOCOLS: Final = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_WEBSITE: Final = re.compile(r"\.s3-website[.-]")


def behaviours(root: Node) -> Iterator[Node]:
    """The behaviours of a distribution: the default one first."""
    if root["defaultCacheBehavior"].present:
        yield root["defaultCacheBehavior"]
    yield from root["orderedCacheBehaviors"].elements()


def is_custom(origin: Node) -> bool:
    """Whether an origin is a server, and not a bucket."""
    return origin["customOriginConfig"].present or origin["vpcOriginConfig"].present


def https_only(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one distribution by itself: viewers, origins, and who else may read the buckets."""
    if resource.type != DISTRIBUTION or not is_production(resource, settings):
        return
    root = Node(resource.properties)
    yield from guard(resource, _viewers(resource, root))
    yield from guard(resource, _security_policy(resource, root["viewerCertificate"], settings))
    yield from guard(resource, _origins(resource, root["origins"]))


def own_certificate(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one distribution by its certificate: CloudFront's own lets in TLS 1.0, and nobody can change that."""
    if resource.type != DISTRIBUTION or not is_production(resource, settings):
        return
    node = Node(resource.properties).at("viewerCertificate", "cloudfrontDefaultCertificate")
    yield from guard(resource, _default_certificate(resource, node))


def _default_certificate(resource: Resource, node: Node) -> Iterator[Verdict]:
    if flag(node):
        problem = "lets viewers in with TLS 1.0, as CloudFront's own domain does"
        cure = "give it a name of its own in aliases, and its certificate in acmCertificateArn"
        yield Verdict(resource, node.path, node.value, problem, cure)


def _origins(resource: Resource, origins: Node) -> Iterator[Verdict]:
    for origin in origins.elements():
        yield from guard(resource, _origin(resource, origin))


def _viewers(resource: Resource, root: Node) -> Iterator[Verdict]:
    for behaviour in behaviours(root):
        yield from guard(resource, _viewer(resource, behaviour["viewerProtocolPolicy"]))


def _viewer(resource: Resource, node: Node) -> Iterator[Verdict]:
    if node.text not in _HTTPS_ONLY:
        problem = "serves viewers without TLS too"
        yield Verdict(resource, node.path, node.value, problem, "set it to redirect-to-https, or https-only for an API")


def _security_policy(resource: Resource, certificate: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    if not certificate["cloudfrontDefaultCertificate"].unknown and flag(certificate["cloudfrontDefaultCertificate"]):
        return  # judged by itself: nobody can choose there
    node, wanted = certificate["minimumProtocolVersion"], str(settings["minimumProtocolVersion"])
    used = node.text or _DEFAULT_SECURITY_POLICY
    if used not in _SECURITY_POLICIES:
        raise Undetermined(node.path, f'"{used}" is no security policy that this rule knows')
    if _SECURITY_POLICIES.index(used) < _SECURITY_POLICIES.index(wanted):
        problem = "serves viewers with old protocols or ciphers"
        yield Verdict(resource, node.path, node.value, problem, f"set it to {wanted} or a newer one")


def _origin(resource: Resource, origin: Node) -> Iterator[Verdict]:
    domain = origin["domainName"]
    if not domain.unknown and _WEBSITE.search(domain.text):
        problem = "is the website of a bucket, which is public and speaks no TLS"
        cure = "use the bucket's regional domain name with an OriginAccessControl"
        yield Verdict(resource, domain.path, domain.value, problem, cure)
    elif is_custom(origin):
        yield from _server(resource, origin["customOriginConfig"])
    elif not given(origin["originAccessControlId"]):
        yield from _bucket(resource, origin)


def _server(resource: Resource, config: Node) -> Iterator[Verdict]:
    if not config.present:
        return  # within a VPC
    policy = config["originProtocolPolicy"]
    # What matches a viewer that has to speak HTTPS is HTTPS.
    if policy.text not in {"https-only", "match-viewer"}:
        problem = "fetches from the origin without TLS"
        yield Verdict(resource, policy.path, policy.value, problem, "set it to https-only")
        return
    for protocol in config["originSslProtocols"].elements():
        if protocol.text in _OLD_PROTOCOLS:
            problem = "fetches from the origin with an old protocol"
            yield Verdict(resource, protocol.path, protocol.value, problem, "leave TLSv1.2 as the only one")


def _bucket(resource: Resource, origin: Node) -> Iterator[Verdict]:
    node, identity = origin["originAccessControlId"], origin.at("s3OriginConfig", "originAccessIdentity")
    cure = "set it to an OriginAccessControl that signs always, and leave s3OriginConfig out"
    if given(identity):
        problem = "is not set: a legacy origin access identity reads no objects under a key of KMS"
    else:
        problem = "is not set, so the bucket has to be public"
    yield Verdict(resource, node.path, None, problem, cure)


def access_is_logged(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every distribution by its access logs, whichever way they are delivered."""
    sources, deliveries = of_types(resources, {_SOURCE}), of_types(resources, {_DELIVERY})
    for one in of_types(resources, {DISTRIBUTION}):
        if is_production(one, settings):
            yield from guard(one, _logged(one, sources, deliveries))


def _logged(one: Resource, sources: Sequence[Resource], deliveries: Sequence[Resource]) -> Iterator[Verdict]:
    if given(Node(one.properties).at("loggingConfig", "bucket")):
        return
    for source in referring(sources, "resourceArn", one):
        if list(referring(deliveries, "deliverySourceName", source)):
            return
        problem = f'takes the access logs of "{one.name}" and delivers them nowhere'
        yield Verdict(source, "name", source.properties.get("name"), problem, "add a LogDelivery from this source")
        return
    problem = "is not set, and no LogDeliverySource names the distribution, so nobody sees who asked for what"
    yield Verdict(one, "loggingConfig", None, problem, "add a LogDeliverySource and a LogDelivery for it")
