"""How programs come to trust the platform's certificate authority, and whether this machine does."""

from __future__ import annotations

import ssl
from pathlib import Path

_DEBIAN_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_FOLDER = "/usr/local/share/ca-certificates"


def system_bundle() -> Path:
    """The file with every authority that programs on this machine trust."""
    return Path(ssl.get_default_verify_paths().cafile or _DEBIAN_BUNDLE)


def is_trusted(root: Path, bundle: Path) -> bool:
    """Whether the authority's root certificate (PEM) is among those of the bundle."""
    try:
        return root.read_text().strip() in bundle.read_text()
    except FileNotFoundError:
        return False


def how_to_trust(root: Path) -> str:
    """What to do: for one program by its own setting, for the whole machine as root."""
    return (
        f"name it to the program: curl --cacert {root}, NODE_EXTRA_CA_CERTS={root}, SSL_CERT_FILE={root} (Python), "
        f"sslrootcert={root} (PostgreSQL); or for the whole machine, as root: "
        f"cp {root} {_FOLDER}/groundwork-local.crt && update-ca-certificates (remove it there when the platform goes)"
    )
