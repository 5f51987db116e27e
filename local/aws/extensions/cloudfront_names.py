"""A distribution's own host names: a certificate has to cover each, and no two distributions have the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.acm.models import acm_backends

from local.aws.errors import Invalid
from local.aws.state import ACCOUNT

_REGION = "us-east-1"
"""Where CloudFront's certificates are, whatever the stack's region."""


def check_names(config: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse names that CloudFront would not serve.

    Args:
        config: The distribution's configuration.
        others: The configurations of all other distributions, by their identifiers.

    Raises:
        Invalid: `CNAMEAlreadyExists` or `InvalidViewerCertificate`.
    """
    names = config["Aliases"].get("Items") or []
    for identifier, other in others.items():
        taken = set(names) & set(other["Aliases"].get("Items") or [])
        if taken:
            message = f"{', '.join(sorted(taken))}: another distribution has the name: {identifier}."
            raise Invalid("CNAMEAlreadyExists", message)
    arn = config["ViewerCertificate"].get("ACMCertificateArn")
    if arn is None:
        if names:
            raise Invalid("InvalidViewerCertificate", "Aliases need a certificate: name one of ACM's.")
        return
    covered = _names_of(arn)
    missing = [name for name in names if not covers(covered, name)]
    if missing:
        raise Invalid("InvalidViewerCertificate", f"The certificate {arn} does not cover {', '.join(missing)}.")


def covers(certified: Iterable[str], name: str) -> bool:
    """Whether a certificate for these names is one for this name: `*.example.com` covers one level below."""
    parent = f"*.{name.partition('.')[2]}"
    return any(each in (name, parent) for each in certified)


def _names_of(arn: str) -> list[str]:
    certificate = acm_backends[ACCOUNT][_REGION]._certificates.get(arn)
    if certificate is None or certificate.status != "ISSUED":
        message = f"The certificate {arn} does not exist in {_REGION}, or is not issued."
        raise Invalid("InvalidViewerCertificate", message)
    return [str(certificate.common_name), *certificate.sans]
