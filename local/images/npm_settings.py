"""What npm has to be told inside a build about this machine's way to its registry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "npm_config_cafile", "SSL_CERT_FILE")
_SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def npmrc(env: Mapping[str, str]) -> str:
    """The user's npm settings, and the registry of the environment if it names one."""
    own = Path(env.get("NPM_CONFIG_USERCONFIG") or Path(env.get("HOME", "/root")) / ".npmrc")
    lines = own.read_text().splitlines() if own.is_file() else []
    # Paths of this machine mean nothing inside; certificates come as a file of their own.
    kept = [line for line in lines if line.split("=")[0].strip() not in ("cafile", "nodedir", "prefix", "cache")]
    registry = env.get("npm_config_registry") or env.get("NPM_CONFIG_REGISTRY")
    return "".join(f"{line}\n" for line in [*kept, *([f"registry={registry}"] if registry else [])])


def certificate_bundle(env: Mapping[str, str]) -> Path | None:
    """The authorities that this machine trusts beyond those that Node.js brings, if there is such a file."""
    candidates = [Path(env[name]) for name in _CA_VARIABLES if env.get(name)]
    return next((path for path in [*candidates, _SYSTEM_BUNDLE] if path.is_file()), None)
