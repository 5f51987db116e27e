"""The provider's configuration: only this machine, nothing unknown, nothing passed over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.plugins.aws.api import Clients
from local.plugins.aws.configuration import failures, settings
from local.plugins.provider import UNKNOWN, ProviderError

pytestmark = pytest.mark.unit

GOOD: dict[str, Any] = {
    "region": "eu-west-1",
    "accessKey": "test",
    "secretKey": "hidden",
    "endpoints": json.dumps([{"s3": "http://127.0.0.1:4566", "ec2": "http://localhost:4566"}]),
    "skipCredentialsValidation": "true",
    "s3UsePathStyle": "true",
    "defaultTags": json.dumps({"tags": {"team": "platform"}}),
}


def reasons(**changes: Any) -> dict[str, str]:
    config = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return {failure.property: failure.reason for failure in failures(config, {})}


def test_a_good_configuration_is_read_whole() -> None:
    assert failures(GOOD, {}) == []
    read = settings(GOOD, {})
    assert read.endpoints == {"s3": "http://127.0.0.1:4566", "ec2": "http://localhost:4566"}
    assert read.default_tags == {"team": "platform"}
    assert read.path_style and not read.validate_credentials
    assert "hidden" not in repr(read)


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"endpoints": None}, "endpoints", "aws:endpoints is missing"),
        ({"endpoints": "[]"}, "endpoints", "aws:endpoints is missing"),
        ({"endpoints": "http://127.0.0.1"}, "endpoints", "list of maps"),
        ({"endpoints": '[{"s3": "https://s3.amazonaws.com"}]'}, "endpoints[0].s3", "not on this machine"),
        ({"endpoints": '[{"s3": "http://192.0.2.1:4566"}]'}, "endpoints[0].s3", "not on this machine"),
        ({"region": None}, "region", "aws:region is missing"),
        ({"accessKey": None}, "accessKey", "AWS_ACCESS_KEY_ID is not set"),
        ({"profile": "production"}, "profile", "does not support aws:profile"),
        ({"assumeRoles": "[]"}, "assumeRoles", "does not support aws:assumeRoles"),
        ({"endpoint": "x"}, "endpoint", "did you mean aws:endpoints?"),
        ({"s3UsePathStyle": "yes"}, "s3UsePathStyle", "write true or false"),
        ({"defaultTags": '{"team": "x"}'}, "defaultTags", '{"tags": {NAME: VALUE}}'),
    ],
)
def test_refusals(changes: dict[str, Any], key: str, words: str) -> None:
    found = reasons(**changes)
    assert list(found) == [key], found
    assert words in found[key]


def test_every_key_of_the_official_provider_is_known() -> None:
    """Supported or refused by name; none is called a misspelling."""
    from pulumi import _types
    from pulumi_aws.provider import ProviderArgs

    for name in _types.input_type_py_to_pulumi_names(ProviderArgs).values():
        reason = reasons(**{name: "x"}).get(name, "")
        assert "is not a setting" not in reason, name


def test_unknown_values_are_judged_later() -> None:
    assert reasons(endpoints=UNKNOWN, defaultTags=UNKNOWN, s3UsePathStyle=UNKNOWN) == {}


def test_credentials_may_come_from_the_environment_but_not_from_files() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    config = {"endpoints": GOOD["endpoints"]}
    assert failures(config, environment) == []
    assert settings(config, environment).region == "eu-central-1"


def test_a_service_without_an_endpoint_is_refused() -> None:
    with pytest.raises(ProviderError, match="names no endpoint for rds"):
        Clients(settings(GOOD, {})).get("rds", "eu-west-1")


def test_no_request_leaves_for_a_host_that_was_not_configured() -> None:
    """Virtual-host buckets, redirects and the like end here."""

    class Request:
        url = "https://bucket.s3.amazonaws.com/key"

    clients = Clients(settings(GOOD, {}))
    with pytest.raises(ProviderError, match=r"refused a request to bucket\.s3\.amazonaws\.com"):
        clients._guard(Request())
