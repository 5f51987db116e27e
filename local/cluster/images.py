"""Container images from a few static files, without any image tool."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cluster.errors import ClusterError

PAUSE_REFERENCE = "groundwork.local/pause:1"
COREDNS_REFERENCE = "groundwork.local/coredns:1"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageSpec:
    """An image of one layer.

    Attributes:
        reference: Name with tag.
        files: Path in the image to file on this machine; all become executable, owned by root.
        entrypoint: What runs.
        user: `uid:gid` that it runs as.
    """

    reference: str
    files: Mapping[str, Path]
    entrypoint: Sequence[str]
    user: str = "65532:65532"


def write_archive(spec: ImageSpec, target: Path) -> str:
    """Write the image as a docker-archive tar; the same files always give the same bytes.

    Returns:
        The image's identity: the digest of its configuration, `sha256:…`.
    """
    layer = _layer(spec)
    diff_id = hashlib.sha256(layer).hexdigest()
    config = _json(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": list(spec.entrypoint), "User": spec.user, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "groundwork"}],
            "created": "1970-01-01T00:00:00Z",
        }
    )
    identity = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{identity}.json", "RepoTags": [spec.reference], "Layers": [f"{diff_id}/layer.tar"]}]
    members = {f"{identity}.json": config, f"{diff_id}/layer.tar": layer, "manifest.json": _json(manifest)}
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            _add(archive, name, content, 0o644)
    partial.rename(target)
    return f"sha256:{identity}"


@dataclass(frozen=True)
class ArchiveContent:
    """What a docker-archive says of itself."""

    identity: str
    references: tuple[str, ...]


def read_archive(tar: Path) -> ArchiveContent:
    """Identity and names of the one image in a docker-archive.

    Raises:
        ClusterError: the file is not such an archive or holds several images.
    """
    if not tar.is_file():
        raise ClusterError(f"there is no image archive {tar}")
    try:
        with tarfile.open(tar) as archive:
            member = archive.extractfile("manifest.json")
            manifest = json.load(member) if member is not None else []
            (entry,) = manifest
            config = archive.extractfile(entry["Config"])
            content = config.read() if config is not None else b""
    except (OSError, KeyError, ValueError, TypeError, tarfile.TarError):
        raise ClusterError(
            f"{tar} is not a docker-archive with one image: write it with "
            f"`docker save IMAGE -o {tar.name}` or `buildah push IMAGE docker-archive:{tar.name}`"
        ) from None
    return ArchiveContent(f"sha256:{hashlib.sha256(content).hexdigest()}", tuple(entry["RepoTags"] or ()))


def build_static(go: Path, source: Path, cache: Path) -> Path:
    """Compile a Go main package to one static file in the cache, unless these very sources were compiled before.

    Raises:
        ClusterError: it does not compile.
    """
    key = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(source.iterdir()))).hexdigest()[:16]
    target = cache / f"{source.name}-{key}"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    argv = [str(go), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(partial), "."]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    answer = subprocess.run(argv, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ClusterError(f"{source} does not compile: {answer.stderr.strip()}")
    partial.rename(target)
    return target


def _layer(spec: ImageSpec) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for folder in _folders(spec.files):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            layer.addfile(entry)
        for name, source in sorted(spec.files.items()):
            _add(layer, name.lstrip("/"), source.read_bytes(), 0o755)
    return buffer.getvalue()


def _folders(files: Mapping[str, Path]) -> list[str]:
    parents = {str(parent) for name in files for parent in Path(name.lstrip("/")).parents}
    return sorted(parents - {"."})


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
