"""STS: only a role that exists can be assumed, and a web identity has to be a token that is still valid."""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts import urls as moto_urls
from moto.sts.models import STSBackend
from moto.sts.responses import TokenResponse

from local.aws.errors import Invalid
from local.aws.extensions.routing import urls
from local.aws.state import ACCOUNT


class STS(STSBackend):
    """The account's STS."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)


class Responses(TokenResponse):
    """Neither signatures nor trust policies are judged; roles and expiry are."""

    def assume_role(self) -> ActionResult:
        self._require_role("sts:AssumeRole")
        return super().assume_role()

    def assume_role_with_web_identity(self) -> ActionResult:
        self._require_role("sts:AssumeRoleWithWebIdentity")
        expires = expiry(self._get_param("WebIdentityToken") or "")
        if expires is not None and expires < time.time():
            raise Invalid("ExpiredTokenException", "Token expired: the web identity token is no longer valid.")
        return super().assume_role_with_web_identity()

    def _require_role(self, action: str) -> None:
        arn = self._get_param("RoleArn")
        roles = iam_backends[ACCOUNT][self.partition].roles.values()
        if all(role.arn != arn for role in roles):
            raise Invalid("AccessDenied", f"Not authorized to perform {action}: there is no role {arn}.")


def expiry(token: str) -> float | None:
    """The `exp` claim of a JSON Web Token, seconds since the epoch, None without one.

    Raises:
        Invalid: it is no JSON Web Token.
    """
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"]) if "exp" in claims else None
    except (IndexError, TypeError, ValueError, binascii.Error):
        message = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        raise Invalid("InvalidIdentityToken", message) from None
