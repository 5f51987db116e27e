"""Files under names that follow from their content, uploaded with the cache headers that such names allow.

`app.css` becomes `assets/app.3f2a…c1.css`: a new content is a new name, so that every cache may keep a name for ever
and no deployment serves half of itself. Same folder, same names, same objects: a second deployment changes nothing.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components import aws
from components.cdn_policies import YEAR
from components.errors import Refusal, refuse
from components.options import child

_DIGITS = 16
"""Hexadecimal digits of a name's hash: 64 bits, so that two contents never share a name by chance."""
_IMMUTABLE = f"public, max-age={YEAR}, immutable"
_REVALIDATE = "public, max-age=0, must-revalidate"
_PAGES = frozenset([".html", ".webmanifest", ".xml", ".txt"])
"""Files that are asked for by a name that people and robots know: they keep it and are looked up every time."""

# What browsers refuse to run under another type; the system's own table differs from machine to machine.
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


@dataclass(frozen=True)
class AssetFile:
    """One file and what becomes of it.

    Attributes:
        name: Path below the folder, with slashes.
        key: The object's key.
        path: The file.
        content_type: Its media type.
        cache_control: What caches may do with it.
    """

    name: str
    key: str
    path: Path
    content_type: str
    cache_control: str


def plan(folder: Path, prefix: str = "assets") -> list[AssetFile]:
    """What becomes of each file below a folder, in the order of names. Hidden files are left out.

    Args:
        folder: Where the files are.
        prefix: Start of the keys of files that are named by their content; one of the distribution's immutable paths
            has to cover it.
    """
    found = []
    for path in sorted(folder.rglob("*"), key=lambda each: each.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
            continue
        page = path.suffix.lower() in _PAGES
        key = name if page else f"{prefix}/{hashed(name, path.read_bytes())}"
        found.append(AssetFile(name, key, path, media_type(name), _REVALIDATE if page else _IMMUTABLE))
    return found


def hashed(name: str, content: bytes) -> str:
    """`css/app.css` to `css/app.<hash>.css`."""
    head, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
    return f"{head}.{digest}.{suffix}" if dot and "/" not in suffix else f"{name}.{digest}"


def media_type(name: str) -> str:
    """The media type of a file name, the same on every machine."""
    suffix = Path(name).suffix.lower()
    known = _TYPES.get(suffix) or mimetypes.MimeTypes().types_map[1].get(suffix)
    return known or "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class HashedAssetsArgs:
    """Files to upload.

    Attributes:
        folder: Where they are.
        bucket: Name of the bucket.
        prefix: Start of the keys of files that are named by their content.
        immutable_paths: The distribution's, to hold the prefix against.
    """

    folder: Path
    bucket: pulumi.Input[str]
    prefix: str = "assets"
    immutable_paths: Sequence[str] = ("/assets/*",)


class HashedAssets(pulumi.ComponentResource):
    """The files of a folder in a bucket.

    Requirements: P0-CDN.

    Attributes:
        manifest: Key of each file by its name in the folder, for pages and services that refer to them.

    Raises:
        Refused: there are no files, or the distribution does not keep their names for good.
    """

    manifest: Mapping[str, str]

    def __init__(self, name: str, args: HashedAssetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:HashedAssets", name, None, opts)
        refusals = []
        if f"/{args.prefix}/*" not in args.immutable_paths:
            cure = f"no immutable path covers it: write one of {list(args.immutable_paths)}"
            refusals.append(Refusal("prefix", args.prefix, cure))
        files = plan(args.folder, args.prefix)
        if not files:
            refusals.append(Refusal("folder", str(args.folder), "holds no files: build them first"))
        refuse(f"HashedAssets {name!r}", refusals)
        for file in files:
            aws.BucketObject(
                f"{name}-{file.name}",
                bucket=args.bucket,
                key=file.key,
                source=pulumi.FileAsset(str(file.path)),
                content_type=file.content_type,
                cache_control=file.cache_control,
                # Pages that are open or cached still ask for the files of the deployment before: those stay.
                opts=pulumi.ResourceOptions.merge(
                    child(self), pulumi.ResourceOptions(retain_on_delete=file.cache_control == _IMMUTABLE)
                ),
            )
        self.manifest = {file.name: file.key for file in files}
        self.register_outputs({"manifest": dict(self.manifest)})
