"""Which combinations of a distribution's knobs cache what must not be cached, or that CloudFront does not take.

Pure functions over plain values, for the component's arguments and for a stack's settings alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from components.bucket_policies import US_EAST_1
from components.errors import Refusal

SHIELD_REGIONS = frozenset(
    [
        *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1"),
        *("eu-west-1", "eu-west-2", "sa-east-1", "us-east-1", "us-east-2", "us-west-2"),
    ]
)
"""Regions that have Origin Shield (CloudFront Developer Guide, "Using Amazon CloudFront Origin Shield")."""

_EVERYTHING = ("*", "/*")


class ApiKnobs(Protocol):
    """The API behind the distribution."""

    @property
    def paths(self) -> Sequence[str]: ...
    @property
    def private_paths(self) -> Sequence[str]: ...


class DomainKnobs(Protocol):
    """The distribution's own host names."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def zone_id(self) -> str | None: ...
    @property
    def certificate_arn(self) -> str | None: ...


class GeoKnobs(Protocol):
    """Countries that are served."""

    @property
    def only(self) -> Sequence[str]: ...
    @property
    def never(self) -> Sequence[str]: ...


class CdnKnobs(Protocol):
    """What decides about a distribution's safety."""

    @property
    def immutable_paths(self) -> Sequence[str]: ...
    @property
    def api(self) -> ApiKnobs | None: ...
    @property
    def domain(self) -> DomainKnobs | None: ...
    @property
    def origin_shield(self) -> str | None: ...
    @property
    def geo(self) -> GeoKnobs | None: ...


def cdn(knobs: CdnKnobs) -> Iterator[Refusal]:
    """Rules of one distribution."""
    yield from _paths(knobs)
    if knobs.domain is not None:
        yield from _domain(knobs.domain)
    if knobs.origin_shield is not None and knobs.origin_shield not in SHIELD_REGIONS:
        yield Refusal(
            "origin_shield",
            knobs.origin_shield,
            f"has no Origin Shield: write the nearest of {', '.join(sorted(SHIELD_REGIONS))}",
        )
    if knobs.geo is not None and bool(knobs.geo.only) == bool(knobs.geo.never):
        written = "both" if knobs.geo.only else "neither"
        yield Refusal("geo", written, "write either only or never: CloudFront keeps one list of countries")


def _paths(knobs: CdnKnobs) -> Iterator[Refusal]:
    if not knobs.immutable_paths or any(path in _EVERYTHING for path in knobs.immutable_paths):
        yield Refusal(
            "immutable_paths",
            tuple(knobs.immutable_paths),
            "pages would be cached for a year: name only paths of files whose names follow their content",
        )
    if knobs.api is None:
        return
    for setting, paths in (("paths", knobs.api.paths), ("private_paths", knobs.api.private_paths)):
        if any(path in _EVERYTHING for path in paths):
            yield Refusal(f"api.{setting}", tuple(paths), "nothing would be left for the bucket: name the API's paths")
    live = [path for path in (*knobs.api.private_paths, *knobs.api.paths) if path not in _EVERYTHING]
    for path in knobs.immutable_paths:
        for other in live:
            if overlap(path, other):
                yield Refusal(
                    "immutable_paths",
                    path,
                    f"answers of the API under {other} would be cached for a year: name paths that exclude each other",
                )
    for path in knobs.api.paths:
        if path in knobs.api.private_paths:
            yield Refusal("api.paths", path, "is private already: leave it out of one of the two")


def overlap(one: str, other: str) -> bool:
    """Whether some path could match both patterns (`*` any characters, `?` one); in doubt, yes.

    Only what stands before the first wildcard and after the last one is compared.
    """
    starts, ends = (_fixed(one), _fixed(other))
    before = starts[0].startswith(ends[0]) or ends[0].startswith(starts[0])
    after = starts[1].endswith(ends[1]) or ends[1].endswith(starts[1])
    if not starts[2] or not ends[2]:
        literal, pattern = (one, other) if not starts[2] else (other, one)
        return _matches(pattern, literal)
    return before and after


def _fixed(pattern: str) -> tuple[str, str, bool]:
    """What stands before the first wildcard, what after the last, and whether there is any."""
    parts = re.split(r"[*?]", pattern)
    return parts[0], parts[-1], len(parts) > 1


def _matches(pattern: str, path: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(expression, path) is not None


def _domain(domain: DomainKnobs) -> Iterator[Refusal]:
    if domain.certificate_arn is not None and domain.certificate_arn.split(":")[3] != US_EAST_1:
        yield Refusal(
            "domain.certificate_arn",
            domain.certificate_arn,
            f"CloudFront takes certificates of {US_EAST_1} only: name one of there, or none to have it made",
        )
    if domain.certificate_arn is None and domain.zone_id is None:
        yield Refusal(
            "domain.zone_id",
            None,
            "a certificate is proved by records in the names' zone: name the Route 53 zone, or a certificate",
        )
