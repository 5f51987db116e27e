"""Settings of storage and delivery that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Iterator

from components import cdn_rules, edge_rules, storage_rules
from components.errors import Refusal
from components.naming import Names
from components.settings.model import Settings
from components.settings.problems import did_you_mean

_NAME_LIMIT = 50
"""Characters of a bucket's name without `-<account>`: S3 allows 63."""
_COPY = "-replica"


def storage(settings: Settings, stack: str, region: str | None) -> Iterator[Refusal]:
    """Rules of the buckets."""
    prefix = Names(settings.system, stack).prefix
    for name, bucket in settings.buckets.items():
        if len(f"{prefix}-{name}{_COPY if bucket.replica else ''}") > _NAME_LIMIT:
            yield Refusal(f"buckets.{name}", name, "with prefix and account the name passes 63 characters: shorten it")
    yield from storage_rules.buckets(settings.buckets, region)


def cdn(settings: Settings) -> Iterator[Refusal]:
    """Rules of the distribution and of what judges requests to it."""
    if settings.cdn is None:
        yield from _no_cdn(settings)
        return
    bucket = settings.buckets.get(settings.cdn.bucket)
    if bucket is None:
        yield Refusal(
            "cdn.bucket", settings.cdn.bucket, f"is no bucket; {did_you_mean(settings.cdn.bucket, settings.buckets)}"
        )
    elif bucket.purpose != "assets":
        yield Refusal(
            "cdn.bucket",
            settings.cdn.bucket,
            f"has the purpose {bucket.purpose!r}; only a bucket of purpose 'assets' is public",
        )

    for refusal in cdn_rules.cdn(settings.cdn):
        yield Refusal(f"cdn.{refusal.setting}", refusal.value, refusal.cure)
    for refusal in edge_rules.edge(settings.edge.rate_limit, settings.edge.emergency_rate_limit):
        yield Refusal(f"edge.{refusal.setting}", refusal.value, refusal.cure)


def _no_cdn(settings: Settings) -> Iterator[Refusal]:
    """What only makes sense with a distribution."""
    for name, bucket in settings.buckets.items():
        if bucket.purpose == "assets":
            yield Refusal(
                f"buckets.{name}.purpose",
                bucket.purpose,
                f"only a distribution serves assets, and there is none: write cdn.bucket: {name}, or another purpose",
            )
    if "edge" in settings.model_fields_set:
        written = settings.edge.model_dump(by_alias=True, exclude_unset=True)
        yield Refusal(
            "edge", written, "the web ACL guards a distribution, and there is none: write cdn, or leave it out"
        )


def production(settings: Settings) -> Iterator[Refusal]:
    """What production adds."""
    if settings.buckets and not any(bucket.purpose == "logs" for bucket in settings.buckets.values()):
        yield Refusal(
            "buckets",
            sorted(settings.buckets),
            "in production, somebody has to be able to see who asked for what: add a bucket of purpose logs",
        )
    for name, bucket in settings.buckets.items():
        if bucket.force_destroy:
            yield Refusal(
                f"buckets.{name}.force_destroy", True, "in production, write false: a slip would delete all objects"
            )
        if "*" in bucket.cors_origins:
            yield Refusal(f"buckets.{name}.cors_origins", "*", "in production, name the pages' own origins")
        if bucket.purpose == "backups" and bucket.lock_days == 0:
            yield Refusal(
                f"buckets.{name}.lock_days",
                0,
                "in production, backups survive whoever can delete everything else: write 1 or more",
            )
