"""The program's edge: from the engine's configuration to judged settings and files, or one clear refusal."""

from __future__ import annotations

from pathlib import Path

import pulumi

from components.platform import PlatformArgs
from components.settings import Problem, Settings, Source, judge
from components.settings.combinations import PLACEHOLDER_DIGEST, PLACEHOLDER_ISSUER
from components.settings.problems import NAMESPACE, shown
from components.settings.source import STACKS


async def read_stack(source: Source | None = None, stacks: Path = STACKS) -> PlatformArgs:
    """Read and judge the stack's settings, and find out whose account it is.

    Args:
        source: The configuration; by default what the engine passed.
        stacks: The folder of the stack files: bases and file names in settings are relative to it.

    Raises:
        pulumi.RunError: the settings will not do, one line for each problem, or AWS does not answer. Nothing has been
            registered.
    """
    source = source or Source.from_engine(stacks)
    settings, problems = judge(source)
    if settings is None or source.region is None:
        raise pulumi.RunError("\n".join(source.lines(problems)))
    certificates, missing = _certificates(settings, stacks)
    unfinished = [*missing, *_placeholders(settings)]
    if unfinished:
        text = "\n".join(source.lines(unfinished))
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(text)
        pulumi.log.warn(f"{text}\nA preview goes on without; a deployment will not.")
    return PlatformArgs(
        settings=settings,
        stack=source.stack,
        account=await account_number(),
        region=source.region,
        trusted_certificates=certificates,
    )


async def account_number() -> str:
    """Ask AWS whose credentials these are, before anything is registered.

    Raises:
        pulumi.RunError: AWS does not answer, or refuses the credentials.
    """
    try:
        # The SDK wraps whatever the plugin reports in a bare Exception.
        identity = await pulumi.runtime.invoke_async(
            "aws:index/getCallerIdentity:getCallerIdentity", {}, pulumi.InvokeOptions()
        )
    except Exception as error:  # noqa: BLE001
        reason = str(error).rpartition(" returned an error: ")[2] or str(error)
        raise pulumi.RunError(
            f"AWS does not tell whose account this is: {reason}\nCheck the credentials and the region; on the local "
            "platform, bring it up first: `groundwork local up`"
        ) from None
    return str(identity["accountId"])


def _certificates(settings: Settings, stacks: Path) -> tuple[str | None, list[Problem]]:
    """The certificate authorities' PEM text, and what is wrong with the file."""
    name = settings.workload.trusted_certificates
    if name is None:
        return None, []
    key = f"{NAMESPACE}:workload.trustedCertificates"
    try:
        text = (stacks / name).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text file"
        cure = f"{reason}: put the PEM file there (on the local platform, `groundwork local up` does)"
        return "", [Problem(key, f"is {shown(name, key, False)}", cure)]
    if "-----BEGIN CERTIFICATE-----" not in text:
        return text, [Problem(key, f"is {shown(name, key, False)}", "holds no certificate: put a PEM file there")]
    return text, []


def _placeholders(settings: Settings) -> list[Problem]:
    """What the delivered stack files leave to the user."""
    images = {"workload.image": settings.workload.image}
    images |= {f"services.{name}.image": service.image for name, service in settings.services.items() if service.image}
    if settings.database.reader_pool is not None:
        images["database.readerPool.image"] = settings.database.reader_pool.image
    found = [
        Problem(
            f"{NAMESPACE}:{key}",
            f"is {shown(image, key, False)}",
            "this is a placeholder; push your image and write its reference by digest (name@sha256:…)",
        )
        for key, image in images.items()
        if image.endswith(PLACEHOLDER_DIGEST)
    ]
    issuer = settings.workload_identity.issuer
    if issuer.endswith(PLACEHOLDER_ISSUER):
        found.append(
            Problem(
                f"{NAMESPACE}:workloadIdentity.issuer",
                f"is {shown(issuer, '', False)}",
                "this is a placeholder; write the token issuer of your cluster",
            )
        )
    return found
