"""Which knobs of a stateless service are unsafe together, whoever sets them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from components import exposure, pod_options, rules
from components.cluster import ClusterFeatures
from components.errors import Refusal
from components.exposure import Exposure
from components.pod_options import ConfigFiles, Probes, Rollout
from components.pods import DEREGISTRATION_SECONDS, EDGE_DEREGISTRATION_SECONDS, grace_seconds

_DIGEST = re.compile(r"^[^@]+@sha256:[0-9a-f]{64}$")
_PORT_NAME = re.compile(r"^(?=.{1,15}$)[a-z](?:-?[a-z0-9])*$")
METRICS_PORT_NAME = "metrics"
METRICS_PORT = 9464
STREAM_MARGIN_SECONDS = 5
"""Between the last stream's end and the end of draining: clients need an answer to their last request."""


@dataclass(frozen=True, kw_only=True)
class CanaryArgs:
    """Another image for a share of the requests, beside the current one. Raise the weight step by step, then make it
    the service's image and take the canary away.

    Attributes:
        image: Reference of the image.
        weight: Share of the requests, in percent; 1 to 50.
    """

    image: str
    weight: int = 5


@dataclass(frozen=True, kw_only=True)
class ServiceKnobs:
    """What decides about a service's safety, as plain values.

    Attributes:
        image: Where it is known before the deployment, else nothing.
    """

    image: object
    allow_image_tag: bool
    least_replicas: int
    port: int
    drain_seconds: int
    stream_seconds: int
    deregistration_seconds: int
    startup_seconds: int
    cluster: ClusterFeatures
    cpu_target_percent: int | None
    memory_target_percent: int | None
    requests_per_second: int | None
    ports: Mapping[str, int] = field(default_factory=dict)
    probes: Probes = field(default_factory=Probes)
    rollout: Rollout = field(default_factory=Rollout)
    config: ConfigFiles | None = None
    expose: Exposure | None = None
    canary: CanaryArgs | None = None
    arguments: Sequence[str] = ()
    scratch_size: str = "64Mi"


def deregistration(given: int | None, *, exposed: bool) -> int:
    """Seconds from the order to stop until nobody sends requests any more, unless given."""
    return given if given is not None else _least_deregistration(exposed=exposed)


def _least_deregistration(*, exposed: bool) -> int:
    return EDGE_DEREGISTRATION_SECONDS if exposed else DEREGISTRATION_SECONDS


def refusals(knobs: ServiceKnobs) -> Iterator[Refusal]:
    """Rules of one service."""
    yield from image(knobs.image, allow_tag=knobs.allow_image_tag)
    if knobs.canary is not None:
        yield from image(knobs.canary.image, allow_tag=knobs.allow_image_tag, setting="canary.image")
    yield from _shutdown(knobs)
    yield from _scaling(knobs)
    yield from _ports(knobs.port, knobs.ports)
    yield from pod_options.probes(knobs.probes, knobs.startup_seconds)
    yield from pod_options.rollout(knobs.rollout, knobs.least_replicas)
    yield from pod_options.scratch(knobs.scratch_size)
    yield from pod_options.arguments(knobs.arguments)
    if knobs.config is not None:
        yield from pod_options.config_files(knobs.config)
    if knobs.expose is not None:
        yield from exposure.refusals(knobs.expose, knobs.cluster)
    if knobs.canary is not None:
        yield from _canary(knobs.canary, knobs)


def image(reference: object, *, allow_tag: bool, setting: str = "image") -> Iterator[Refusal]:
    """One name, one image, for ever; what is not known before the deployment is not judged."""
    if isinstance(reference, str) and not allow_tag and not _DIGEST.match(reference):
        yield Refusal(setting, reference, "a tag can be moved to other code: write name@sha256:<64 hexadecimal digits>")


def _shutdown(knobs: ServiceKnobs) -> Iterator[Refusal]:
    """SR-SHUTDOWN: time enough to be forgotten, to end streams, and to finish requests."""
    least = _least_deregistration(exposed=knobs.expose is not None)
    if not least <= knobs.deregistration_seconds <= 300:
        yield Refusal(
            "deregistration_seconds",
            knobs.deregistration_seconds,
            f"requests still come until everybody has heard that the pod stops: write {least} to 300",
        )
    if knobs.stream_seconds < 0:
        yield Refusal("stream_seconds", knobs.stream_seconds, "write 0 or more")
    needed = knobs.stream_seconds + STREAM_MARGIN_SECONDS
    if knobs.stream_seconds and knobs.drain_seconds < needed:
        yield Refusal(
            "drain_seconds",
            knobs.drain_seconds,
            f"streams end over stream_seconds ({knobs.stream_seconds}) and would be cut off: write {needed} or more",
        )
    yield from rules.grace(grace_seconds(knobs.drain_seconds, knobs.deregistration_seconds), "drain_seconds")


def _scaling(knobs: ServiceKnobs) -> Iterator[Refusal]:
    """SR-SCALE: something decides, and somebody can see it."""
    if knobs.cpu_target_percent is None and knobs.requests_per_second is None:
        yield Refusal(
            "cpu_target_percent",
            None,
            "memory alone does not fall when load is shared, so that nothing would scale down: leave the default, or "
            "write requests_per_second",
        )
    if knobs.requests_per_second is not None and knobs.cluster.metrics_namespace is None:
        yield Refusal(
            "requests_per_second",
            knobs.requests_per_second,
            "nothing in the cluster tells the autoscaler of requests: write cluster.metrics if the cluster has "
            "Prometheus and an adapter, or leave this out",
        )


def _ports(main: int, ports: Mapping[str, int]) -> Iterator[Refusal]:
    for name, port in sorted(ports.items()):
        if not _PORT_NAME.match(name) or name == "http":
            yield Refusal(f"ports.{name}", port, "is no free name: write up to 15 lower-case letters and digits")
        if not 1024 <= port <= 65535:
            yield Refusal(f"ports.{name}", port, "a process without privileges listens on 1024 to 65535")
    numbers = [main, *ports.values()]
    if len(set(numbers)) != len(numbers):
        yield Refusal("ports", dict(sorted(ports.items())), f"names a port twice, or the main one ({main})")


def _canary(canary: CanaryArgs, knobs: ServiceKnobs) -> Iterator[Refusal]:
    if knobs.expose is None or knobs.cluster.gateway is None:
        yield Refusal(
            "canary",
            canary.weight,
            "only a Gateway shares requests by weight: write expose and cluster.gateway, or leave this out",
        )
    if not 1 <= canary.weight <= 50:
        yield Refusal("canary.weight", canary.weight, "write 1 to 50; beyond that, make it the service's image")
