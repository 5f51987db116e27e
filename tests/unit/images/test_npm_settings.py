"""What npm is told inside the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.images.npm_settings import certificate_bundle, npmrc

pytestmark = pytest.mark.unit


def test_the_users_settings_are_passed_without_this_machines_paths(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text(
        "cafile=/etc/ca.pem\nnodedir = /usr\n//npm.example/:_authToken=t\nstrict-ssl=true\n"
    )
    assert npmrc({"HOME": str(tmp_path)}) == "//npm.example/:_authToken=t\nstrict-ssl=true\n"


def test_a_registry_named_by_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text("registry=https://one.example/\n")
    text = npmrc({"HOME": str(tmp_path), "npm_config_registry": "https://two.example/"})
    assert text.splitlines()[-1] == "registry=https://two.example/"


def test_no_settings_are_no_settings(tmp_path: Path) -> None:
    assert npmrc({"HOME": str(tmp_path)}) == ""


def test_the_named_certificates_come_first(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("x")
    assert certificate_bundle({"NODE_EXTRA_CA_CERTS": str(bundle), "SSL_CERT_FILE": "/none"}) == bundle
    assert certificate_bundle({"NODE_EXTRA_CA_CERTS": str(tmp_path / "none"), "SSL_CERT_FILE": str(bundle)}) == bundle
