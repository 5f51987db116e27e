"""The provider's configuration (`aws:` keys), judged and frozen."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.network.this_machine import NotThisMachine, require_this_machine
from local.plugins.provider import UNKNOWN, CheckFailure, contains_unknown, structured

SUPPORTED = frozenset(
    [
        "region",
        "accessKey",
        "secretKey",
        "token",
        "endpoints",
        "skipCredentialsValidation",
        "skipRequestingAccountId",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "s3UsePathStyle",
        "defaultTags",
        "maxRetries",
    ]
)
# What the official provider takes besides, from its SDK; refused rather than passed over.
OFFICIAL_ONLY = frozenset(
    [
        "allowedAccountIds",
        "assumeRoleWithWebIdentity",
        "assumeRoles",
        "customCaBundle",
        "ec2MetadataServiceEndpoint",
        "ec2MetadataServiceEndpointMode",
        "forbiddenAccountIds",
        "httpProxy",
        "httpsProxy",
        "ignoreTags",
        "insecure",
        "noProxy",
        "profile",
        "retryMode",
        "s3UsEast1RegionalEndpoint",
        "sharedConfigFiles",
        "sharedCredentialsFiles",
        "stsRegion",
        "tagPolicyCompliance",
        "tokenBucketRateLimiterCapacity",
        "useDualstackEndpoint",
        "useFipsEndpoint",
        "userAgents",
    ]
)
_SWITCHES = (
    "skipCredentialsValidation",
    "skipRequestingAccountId",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "s3UsePathStyle",
)
# Set by the engine and the SDK themselves.
_IGNORED = frozenset({"version", "pluginDownloadURL"})


@dataclass(frozen=True)
class Settings:
    """A usable configuration.

    Attributes:
        region: Where resources without a region of their own live.
        endpoints: Service (the provider's name for it) to URL, every one of them on this machine.
        default_tags: Put on every resource that takes tags.
        validate_credentials: Ask STS once whether the credentials are good.
    """

    region: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    path_style: bool = False
    default_tags: Mapping[str, str] = field(default_factory=dict)
    validate_credentials: bool = True
    max_retries: int = 25


def failures(config: dict[str, Any], environment: Mapping[str, str]) -> list[CheckFailure]:
    """Everything that is wrong with a configuration, each with its cure; unknown values are passed over."""
    found: list[CheckFailure] = []
    values = {key: structured(value) for key, value in config.items() if key not in _IGNORED}
    for key in sorted(values.keys() - SUPPORTED):
        found.append(CheckFailure(key, _foreign(key)))
    for key in _SWITCHES:
        if key in values and values[key] is not UNKNOWN and not isinstance(values[key], bool):
            found.append(CheckFailure(key, f"aws:{key} is {values[key]!r}: write true or false"))
    region = values.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        found.append(CheckFailure("region", "aws:region is missing: set it, for instance to eu-west-1"))
    for key, variable in (("accessKey", "AWS_ACCESS_KEY_ID"), ("secretKey", "AWS_SECRET_ACCESS_KEY")):
        if not values.get(key) and not environment.get(variable):
            found.append(
                CheckFailure(
                    key,
                    f"aws:{key} is missing, and {variable} is not set: the local endpoint takes any value, such as "
                    "test. This plugin never reads credential files.",
                )
            )
    found.extend(_endpoint_failures(values.get("endpoints")))
    found.extend(_tag_failures(values.get("defaultTags")))
    return found


def settings(config: dict[str, Any], environment: Mapping[str, str]) -> Settings:
    """The configuration as settings; it has to be free of failures."""
    values = {key: structured(value) for key, value in config.items()}
    tags = values.get("defaultTags") or {}
    retries = values.get("maxRetries")
    return Settings(
        region=str(values.get("region") or environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"]),
        access_key=str(values.get("accessKey") or environment["AWS_ACCESS_KEY_ID"]),
        secret_key=str(values.get("secretKey") or environment["AWS_SECRET_ACCESS_KEY"]),
        token=values.get("token") or environment.get("AWS_SESSION_TOKEN"),
        endpoints=_endpoints(values.get("endpoints")),
        path_style=values.get("s3UsePathStyle") is True,
        default_tags={str(k): str(v) for k, v in (tags.get("tags") or {}).items()},
        validate_credentials=values.get("skipCredentialsValidation") is not True,
        max_retries=int(retries) if retries is not None else 25,
    )


def _foreign(key: str) -> str:
    if key in OFFICIAL_ONLY:
        return f"the aws stand-in does not support aws:{key}: remove it, or install the official plugin"
    close = difflib.get_close_matches(key, sorted(SUPPORTED | OFFICIAL_ONLY), n=1)
    hint = f"did you mean aws:{close[0]}?" if close else f"known keys: {', '.join(sorted(SUPPORTED))}"
    return f"aws:{key} is not a setting of the aws provider; {hint}"


def _endpoint_failures(value: Any) -> list[CheckFailure]:
    if value is UNKNOWN or contains_unknown(value):
        return []
    if not value:
        return [
            CheckFailure(
                "endpoints",
                "aws:endpoints is missing: this plugin stands in for the official one and serves only this machine. "
                "Set it to the local endpoint for every service in use, or install the official plugin "
                "(pulumi plugin install resource aws) to reach AWS.",
            )
        ]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return [CheckFailure("endpoints", "aws:endpoints has to be a list of maps of service to URL")]
    found: list[CheckFailure] = []
    for index, item in enumerate(value):
        for service, url in item.items():
            try:
                require_this_machine(str(url))
            except NotThisMachine as error:
                found.append(CheckFailure(f"endpoints[{index}].{service}", str(error)))
    return found


def _endpoints(value: Any) -> dict[str, str]:
    return {service: str(url) for item in value or [] for service, url in item.items() if url}


def _tag_failures(value: Any) -> list[CheckFailure]:
    if value is None or value is UNKNOWN or contains_unknown(value):
        return []
    if not isinstance(value, dict) or set(value) - {"tags"} or not isinstance(value.get("tags", {}), dict):
        return [CheckFailure("defaultTags", 'aws:defaultTags has to be {"tags": {NAME: VALUE}}')]
    return []
