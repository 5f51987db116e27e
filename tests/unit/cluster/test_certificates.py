"""The cluster's certificates and who they say their owners are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from local.cluster import certificates, kubeconfig
from local.cluster.layout import Layout

pytestmark = pytest.mark.unit


@pytest.fixture
def pki(layout: Layout) -> Path:
    certificates.ensure(layout)
    return layout.pki


def _load(pki: Path, file: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((pki / f"{file}.crt").read_bytes())


def _names(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def test_each_certificate_is_signed_by_its_own_authority(layout: Layout, pki: Path) -> None:
    for identity in certificates.identities(layout):
        _load(pki, identity.file).verify_directly_issued_by(_load(pki, identity.authority))


def test_the_authority_of_etcd_is_another_than_the_clusters(pki: Path) -> None:
    """Otherwise every user of the cluster could read the store."""
    with pytest.raises(ValueError, match="Issuer"):
        _load(pki, "etcd-client").verify_directly_issued_by(_load(pki, "ca"))


def test_a_kubelets_certificate_names_its_node(pki: Path) -> None:
    certificate = _load(pki, "node-b")
    assert certificate.subject.rfc4514_string() == "CN=system:node:node-b,O=system:nodes"
    assert _names(certificate) == {"node-b", "10.213.0.12"}


def test_the_api_servers_certificate_names_all_that_it_is_called(pki: Path) -> None:
    assert {"10.213.0.1", "10.213.128.1", "kubernetes.default.svc"} <= _names(_load(pki, "apiserver"))


def test_clients_cannot_pose_as_servers(pki: Path) -> None:
    usage = _load(pki, "admin").extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_only_the_administrator_is_a_master(layout: Layout, pki: Path) -> None:
    masters = []
    for identity in certificates.identities(layout):
        groups = _load(pki, identity.file).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        masters += [identity.file for group in groups if group.value == "system:masters"]
    assert masters == ["admin"]


def test_keys_are_for_their_owner_only(pki: Path) -> None:
    assert {key.stat().st_mode & 0o777 for key in pki.glob("*.key")} == {0o600}


def test_a_second_time_changes_nothing(layout: Layout, pki: Path) -> None:
    before = {file.name: file.read_bytes() for file in pki.iterdir()}
    certificates.ensure(layout)
    assert {file.name: file.read_bytes() for file in pki.iterdir()} == before


def test_half_a_pair_is_made_anew(layout: Layout, pki: Path) -> None:
    (pki / "scheduler.crt").unlink()
    before = (pki / "admin.crt").read_bytes()
    certificates.ensure(layout)
    _load(pki, "scheduler").verify_directly_issued_by(_load(pki, "ca"))
    assert (pki / "admin.crt").read_bytes() == before


def test_a_new_authority_signs_its_own_anew_and_nobody_elses(layout: Layout, pki: Path) -> None:
    (pki / "ca.key").unlink()
    etcd = (pki / "etcd.crt").read_bytes()
    certificates.ensure(layout)
    _load(pki, "admin").verify_directly_issued_by(_load(pki, "ca"))
    assert (pki / "etcd.crt").read_bytes() == etcd


def test_a_kubeconfig_stands_alone_and_is_private(layout: Layout, pki: Path) -> None:
    kubeconfig.write_for(layout, "admin", layout.kubeconfig)
    assert layout.kubeconfig.stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load(layout.kubeconfig.read_text())
    assert config["clusters"][0]["cluster"]["server"] == "https://10.213.0.1:6443"
    assert str(layout.root) not in layout.kubeconfig.read_text()
