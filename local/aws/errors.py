"""Refusals: an AWS error with a message that says what the local platform does not do."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """The request is valid on AWS and the local platform cannot honour it; nothing was changed."""

    code = "UnsupportedOperation"

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(f"The local platform does not support {what}." + (f" {instead}" if instead else ""))


class Invalid(ServiceException):
    """AWS would refuse this request too."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
