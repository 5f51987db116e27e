"""Images written and read without an image tool."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from local.cluster import images
from local.cluster.errors import ClusterError

pytestmark = pytest.mark.unit


@pytest.fixture
def spec(tmp_path: Path) -> images.ImageSpec:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF not really")
    return images.ImageSpec("example.local/x:1", {"/bin/program": program}, ["/bin/program"])


def test_the_same_files_give_the_same_bytes(tmp_path: Path, spec: images.ImageSpec) -> None:
    one, two = tmp_path / "one.tar", tmp_path / "two.tar"
    assert images.write_archive(spec, one) == images.write_archive(spec, two)
    assert one.read_bytes() == two.read_bytes()


def test_another_file_is_another_image(tmp_path: Path, spec: images.ImageSpec) -> None:
    first = images.write_archive(spec, tmp_path / "one.tar")
    spec.files["/bin/program"].write_bytes(b"changed")
    assert images.write_archive(spec, tmp_path / "two.tar") != first


def test_an_archive_says_what_it_holds(tmp_path: Path, spec: images.ImageSpec) -> None:
    tar = tmp_path / "image.tar"
    identity = images.write_archive(spec, tar)
    assert images.read_archive(tar) == images.ArchiveContent(identity, ("example.local/x:1",))


def test_digests_are_those_of_the_content(tmp_path: Path, spec: images.ImageSpec) -> None:
    tar = tmp_path / "image.tar"
    images.write_archive(spec, tar)
    content = _members(tar.read_bytes())
    (entry,) = json.loads(content["manifest.json"])
    config = json.loads(content[entry["Config"]])
    (layer,) = entry["Layers"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content[layer]).hexdigest()}"]
    assert entry["Config"] == f"{hashlib.sha256(content[entry['Config']]).hexdigest()}.json"


def test_programs_are_executable_and_do_not_run_as_root(tmp_path: Path, spec: images.ImageSpec) -> None:
    tar = tmp_path / "image.tar"
    images.write_archive(spec, tar)
    content = _members(tar.read_bytes())
    (entry,) = json.loads(content["manifest.json"])
    assert json.loads(content[entry["Config"]])["config"]["User"] == "65532:65532"
    with tarfile.open(fileobj=io.BytesIO(content[entry["Layers"][0]])) as layer:
        assert [(m.name, m.isdir(), oct(m.mode)) for m in layer] == [
            ("bin", True, "0o755"),
            ("bin/program", False, "0o755"),
        ]


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_what_is_no_archive_is_refused_with_the_way_to_make_one(tmp_path: Path, content: bytes) -> None:
    tar = tmp_path / "image.tar"
    tar.write_bytes(content)
    with pytest.raises(ClusterError, match=r"image\.tar is not a docker-archive.*docker save"):
        images.read_archive(tar)


def test_an_archive_of_several_images_is_refused(tmp_path: Path) -> None:
    tar = tmp_path / "two.tar"
    manifest = json.dumps([{"Config": "a.json"}, {"Config": "b.json"}]).encode()
    with tarfile.open(tar, "w") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        archive.addfile(entry, io.BytesIO(manifest))
    with pytest.raises(ClusterError, match="one image"):
        images.read_archive(tar)


def _members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
        return found
