"""The provider's configuration, and the kubeconfig it names."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

from local.network.this_machine import NotThisMachine, require_this_machine
from local.plugins.provider import UNKNOWN, CheckFailure, ProviderError, structured

_STRINGS: Final = ("cluster", "clusterIdentifier", "context", "kubeconfig", "namespace")
_BOOLEANS: Final = (
    "deleteUnreachable",
    "enableConfigMapMutable",
    "enablePatchForce",
    "enableSecretMutable",
    "enableServerSideApply",
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "upsertExistingObjects",
)
_REFUSED: Final = (
    "alwaysRender",
    "helmReleaseSettings",
    "kubeClientSettings",
    "renderYamlToDirectory",
    "skipUpdateUnreachable",
)
_KNOWN: Final = (*_STRINGS, *_BOOLEANS)


@dataclass(frozen=True)
class Settings:
    """What the program configured.

    Attributes:
        kubeconfig: Path or contents; None: `KUBECONFIG`, else `~/.kube/config`.
        context: Name of the kubeconfig's context; None: its current one.
        cluster: Name of the kubeconfig's cluster, instead of the context's.
        namespace: For objects that name none; None: the context's, else "default".
        mutable_config_maps: Change a ConfigMap's data in place instead of replacing it.
        mutable_secrets: The same for Secrets.
        delete_unreachable: Count objects as deleted when the API server cannot be reached.
        force: Take over fields that another manager owns.
        upsert: Take over objects that exist already instead of refusing to create them.
    """

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    mutable_config_maps: bool = False
    mutable_secrets: bool = False
    delete_unreachable: bool = False
    force: bool = False
    upsert: bool = False


def check(config: Mapping[str, Any]) -> list[CheckFailure]:
    """What is wrong with the configuration."""
    failures = []
    for key, raw in config.items():
        value = structured(raw) if key in _BOOLEANS else raw
        if key in _REFUSED:
            failures.append(CheckFailure(key, "not supported by the kubernetes stand-in: leave it out"))
        elif key not in _KNOWN:
            close = get_close_matches(key, _KNOWN, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(_KNOWN))}"
            failures.append(CheckFailure(key, f"unknown setting; {hint}"))
        elif value is UNKNOWN:
            continue
        elif key in _STRINGS and not isinstance(value, str):
            failures.append(CheckFailure(key, "must be a string"))
        elif key in _BOOLEANS and not isinstance(value, bool):
            failures.append(CheckFailure(key, "must be true or false"))
        elif key == "enableServerSideApply" and value is False:
            failures.append(
                CheckFailure(key, "the kubernetes stand-in always applies on the server's side: leave it out")
            )
    return failures


def parse(config: Mapping[str, Any]) -> Settings:
    """The settings of a configuration that passed `check`."""

    def text(key: str) -> str | None:
        return config.get(key) or None

    def flag(key: str) -> bool:
        return bool(structured(config.get(key, False)))

    return Settings(
        kubeconfig=text("kubeconfig"),
        context=text("context"),
        cluster=text("cluster"),
        namespace=text("namespace"),
        mutable_config_maps=flag("enableConfigMapMutable"),
        mutable_secrets=flag("enableSecretMutable"),
        delete_unreachable=flag("deleteUnreachable"),
        force=flag("enablePatchForce"),
        upsert=flag("upsertExistingObjects"),
    )


@dataclass(frozen=True, repr=False)
class Access:
    """How to reach an API server: its URL, what to trust, and who we are (PEM texts; token)."""

    server: str
    namespace: str
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None
    token: str | None = None
    insecure: bool = False
    server_name: str | None = None


def access(settings: Settings, environment: Mapping[str, str] | None = None) -> Access | None:
    """Read the kubeconfig; None when none is configured and there is none in the usual places.

    Raises:
        ProviderError: it cannot be read or used, or its server is not on this machine.
    """
    env = os.environ if environment is None else environment
    found = _kubeconfig(settings, env)
    if found is None:
        return None
    config, where, folder = found
    context = _named(config, "contexts", "context", settings.context or config.get("current-context"), where)
    cluster = _named(config, "clusters", "cluster", settings.cluster or context.get("cluster"), where)
    user = _named(config, "users", "user", context.get("user"), where) if context.get("user") else {}
    server = cluster.get("server")
    if not isinstance(server, str):
        raise ProviderError(f"{where}: the cluster has no server")
    try:
        require_this_machine(server)
    except NotThisMachine as refusal:
        raise ProviderError(f"{where}: {refusal}") from None
    unusable = [key for key in ("exec", "auth-provider", "username") if key in user]
    if unusable:
        raise ProviderError(f"{where}: user {context['user']!r} authenticates by {unusable[0]!r}, which the stand-in "
                            "does not support: use a client certificate or a token")  # fmt: skip
    return Access(
        server=server.rstrip("/"),
        namespace=settings.namespace or context.get("namespace") or "default",
        authority=_pem(cluster, "certificate-authority", folder, where),
        certificate=_pem(user, "client-certificate", folder, where),
        key=_pem(user, "client-key", folder, where),
        token=str(user["token"]) if user.get("token") else _file(user.get("tokenFile"), folder, where),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=cluster.get("tls-server-name"),
    )


def _kubeconfig(settings: Settings, env: Mapping[str, str]) -> tuple[dict[str, Any], str, Path] | None:
    text, where, folder = settings.kubeconfig, "kubernetes:kubeconfig", Path()
    if text is None or ("\n" not in text and not text.lstrip().startswith("{")):
        path = Path(text or env.get("KUBECONFIG") or Path(env.get("HOME", "~")) / ".kube" / "config").expanduser()
        if text is None and not path.exists():
            return None
        try:
            text = path.read_text()
        except OSError as error:
            raise ProviderError(f"the kubeconfig {path} cannot be read: {error.strerror}") from None
        where, folder = str(path), path.parent
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise ProviderError(f"{where}: this is not YAML{line}") from None
    if not isinstance(config, dict):
        raise ProviderError(f"{where}: this is not a kubeconfig")
    return config, where, folder


def _named(config: Mapping[str, Any], section: str, member: str, name: Any, where: str) -> dict[str, Any]:
    entries = config.get(section) or []
    for entry in entries:
        if entry.get("name") == name:
            return dict(entry.get(member) or {})
    names = ", ".join(repr(entry.get("name")) for entry in entries) or "none"
    raise ProviderError(f"{where}: no {member} named {name!r}; there is {names}")


def _pem(section: Mapping[str, Any], name: str, folder: Path, where: str) -> str | None:
    data = section.get(f"{name}-data")
    if data is None:
        return _file(section.get(name), folder, where)
    try:
        return base64.b64decode(str(data), validate=True).decode()
    except (binascii.Error, ValueError):
        raise ProviderError(f"{where}: {name}-data is not base64") from None


def _file(name: Any, folder: Path, where: str) -> str | None:
    if not name:
        return None
    try:
        return (folder / str(name)).read_text().strip()
    except OSError as error:
        raise ProviderError(f"{where}: {name} cannot be read: {error.strerror}") from None
