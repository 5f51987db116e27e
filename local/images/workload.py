"""The conformance workload's image as a file, built when its content is new."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from local import toolchain
from local.images import base
from local.images.buildah import open_buildah
from local.images.context import content_hash, context_files
from local.images.files import keep_newest, only_one, replace_atomically
from local.images.npm_settings import certificate_bundle, npmrc
from local.paths import Paths
from local.toolchain.progress import Progress, as_progress

WORKLOAD_IMAGE = "groundwork.local/workload:0.1.0"
"""Name under which the image is loaded into the cluster."""

VERSION = "1"
"""Counts up when the way of building changes, so that cached images are not taken for new ones."""

_SOURCE = Path(__file__).resolve().parents[2] / "workloads" / "conformance"
_KEPT = 3
_STAND_IN = {"groundwork.local/base": "stand-in for node:22-bookworm-slim, made on this machine"}


def ensure_workload_image(
    paths: Paths, progress: Progress | Callable[[str], None] | None = None, source: Path = _SOURCE
) -> Path:
    """Build the workload's image unless it is there already.

    Needs neither a Docker engine nor an image registry; Debian's archive and the npm registry on the first build.

    Args:
        progress: Is told what is being built; default nobody.
        source: The workload's folder.

    Returns:
        A tar for `docker load` or `ctr images import`, in `<cache>/images`, named by its content.

    Raises:
        ImageError: the build failed; nothing is left half done.
        ToolMissing: buildah or mmdebstrap is not on this machine; the message has the cure.
    """
    node = base.find_node()
    foundation = base.ingredients(node)
    files = context_files(source)
    images = paths.cache / "images"
    target = images / f"workload-{content_hash(source, files, (VERSION, *foundation))}.tar"
    if target.is_file():
        return target
    with only_one(images / ".lock"):
        # Another process may have built it while this one waited.
        if not target.is_file():
            _build(source, target, node, paths, as_progress(progress))
    return target


def _build(source: Path, target: Path, node: base.Node, paths: Paths, progress: Progress) -> None:
    tools = {name: toolchain.find(name, paths) for name in ("buildah", "mmdebstrap")}
    began = time.monotonic()
    progress.begin("building the conformance workload's image")
    outcome = "the conformance workload's image could not be built"
    try:
        root_fs = target.parent / f"base-{content_hash(source, (), base.ingredients(node))}.tar"
        if not root_fs.is_file():
            progress.update("making the base image from Debian's packages")
            base.make_base(root_fs, node, tools["mmdebstrap"])
        _bake(source, target, root_fs, tools["buildah"], paths, progress)
        size = target.stat().st_size / 1e6
        outcome = f"built the conformance workload's image in {time.monotonic() - began:.0f} s ({size:.0f} MB)"
        for kind in ("workload", "base"):
            keep_newest(list(target.parent.glob(f"{kind}-*.tar")), _KEPT)
    finally:
        progress.end(outcome)


def _bake(source: Path, target: Path, root_fs: Path, program: Path, paths: Paths, progress: Progress) -> None:
    log = target.parent / "build.log"
    with open_buildah(program, paths.cache / "buildah", log) as buildah, tempfile.TemporaryDirectory() as private:
        settings = Path(private) / "npmrc"
        settings.write_text(npmrc(os.environ))
        authorities = certificate_bundle(os.environ)
        secrets = {"npmrc": settings, **({"registry-ca": authorities} if authorities else {})}
        progress.update("importing the base image")
        buildah.import_base(root_fs, base.NAME, _STAND_IN)
        progress.update("installing packages from the npm registry")
        buildah.build(source, WORKLOAD_IMAGE, secrets, _STAND_IN)
        progress.update("writing the image")
        with replace_atomically(target) as partial:
            buildah.write_archive(WORKLOAD_IMAGE, partial)
