"""ACM certificates, and the wait until they are issued."""

from __future__ import annotations

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Create, Delete, Describe, Property, ResourceType, Status, Timeouts, Values

_GONE = ("ResourceNotFoundException",)
_IMMUTABLE = "ACM cannot change it: another certificate is asked for"


def _present(found: Values) -> Values:
    """The names beside the main one, and the proofs in one level, as in the official provider's state."""
    main = found.get("DomainName")
    options = [
        {"domainName": option["DomainName"], **_record(option.get("ResourceRecord") or {})}
        for option in found.get("DomainValidationOptions") or []
    ]
    others = [name for name in found.get("SubjectAlternativeNames") or [] if name != main]
    method = next((each.get("ValidationMethod") for each in found.get("DomainValidationOptions") or []), None)
    return {
        **found,
        "SubjectAlternativeNames": others or None,
        "DomainValidationOptions": options,
        "ValidationMethod": method,
        "KeyAlgorithm": str(found.get("KeyAlgorithm") or "").replace("RSA-", "RSA_") or None,
    }


def _record(record: Values) -> Values:
    return {f"resourceRecord{key}": value for key, value in record.items()}


_READ_TAGS = tags.listed_by("ListTagsForCertificate", "CertificateArn", of="id")


def _retag(api: Api, id: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
    if unwanted:
        api.call("RemoveTagsFromCertificate", CertificateArn=id, Tags=[{"Key": key} for key in unwanted])
    if wanted:
        api.call("AddTagsToCertificate", CertificateArn=id, Tags=tags.pairs(wanted))


def _find(api: Api, inputs: Values, mark: str) -> str | None:
    for listed in api.pages("ListCertificates", "CertificateSummaryList"):
        arn = str(listed["CertificateArn"])
        if {"Key": tags.MARK, "Value": mark} in api.call("ListTagsForCertificate", CertificateArn=arn)["Tags"]:
            return arn
    return None


CERTIFICATE = ResourceType(
    token="aws:acm/certificate:Certificate",
    service="acm",
    properties={
        "domainName": Property(replace=_IMMUTABLE),
        "subjectAlternativeNames": Property(replace=_IMMUTABLE, computed=True),
        "validationMethod": Property(replace=_IMMUTABLE),
        "keyAlgorithm": Property(replace=_IMMUTABLE, computed=True),
    },
    create=Create("RequestCertificate", token="IdempotencyToken"),
    describe=Describe("DescribeCertificate", {"CertificateArn": "{id}"}, "Certificate", _GONE),
    delete=Delete("DeleteCertificate", {"CertificateArn": "{id}"}, _GONE, retry=("ResourceInUseException",)),
    present=_present,
    id="CertificateArn",
    find=_find,
    marked=True,
    outputs={"arn": "CertificateArn", "domainValidationOptions": "DomainValidationOptions"},
    unordered=("subjectAlternativeNames", "domainValidationOptions"),
    retag=_retag,
    read_tags=_READ_TAGS,
    timeouts=Timeouts(300, 300, 1200),
)


def _issue(api: Api, inputs: Values, mark: str) -> str:
    """Nothing is made: the certificate is issued once its records prove the names."""
    return str(inputs["certificateArn"])


def _leave(api: Api, id: str, outputs: Values) -> None:
    """Nothing was made."""


VALIDATION = ResourceType(
    token="aws:acm/certificateValidation:CertificateValidation",
    service="acm",
    properties={
        "certificateArn": Property(replace="it waits for one certificate"),
        "validationRecordFqdns": Property(replace="it waits for these records", unread=True),
    },
    create=_issue,
    overwrites=True,
    forgets=True,
    describe=Describe("DescribeCertificate", {"CertificateArn": "{id}"}, "Certificate", _GONE),
    delete=_leave,
    natural=lambda inputs: str(inputs["certificateArn"]),
    status=Status("Status", ("ISSUED",), ("EXPIRED", "FAILED", "REVOKED", "VALIDATION_TIMED_OUT"), "FailureReason"),
    timeouts=Timeouts(4500, 4500, 60),
)

TYPES = (CERTIFICATE, VALIDATION)
