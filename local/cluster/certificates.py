"""Certificate authorities, certificates and keys of the local cluster."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.cluster.layout import Layout

LIFETIME = datetime.timedelta(days=3650)

# The API server's own address among the Services: the first of their range.
_API_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
)


@dataclass(frozen=True)
class Identity:
    """What one certificate says.

    Attributes:
        file: Base name of the certificate and its key in the pki folder.
        common_name: The user, for Kubernetes.
        organization: The group, for Kubernetes.
        authority: Base name of the authority that signs it.
        names: DNS names and addresses; a certificate with any is a server's too.
    """

    file: str
    common_name: str
    organization: str | None = None
    authority: str = "ca"
    names: Sequence[str] = ()


AUTHORITIES = {"ca": "kubernetes", "etcd-ca": "etcd", "front-proxy-ca": "front-proxy"}


def identities(layout: Layout) -> list[Identity]:
    """Every certificate that the cluster needs."""
    plan = layout.plan
    first_service = str(next(ipaddress.ip_network(plan.services).hosts()))
    api = (*_API_NAMES, plan.hub_address, first_service, "127.0.0.1")
    fixed = [
        Identity("etcd", "etcd", authority="etcd-ca", names=("localhost", "127.0.0.1")),
        Identity("etcd-client", "kube-apiserver", authority="etcd-ca"),
        Identity("apiserver", "kube-apiserver", names=api),
        Identity("kubelet-client", "kube-apiserver-kubelet-client"),
        Identity("front-proxy-client", "front-proxy-client", authority="front-proxy-ca"),
        Identity("controller-manager", "system:kube-controller-manager"),
        Identity("scheduler", "system:kube-scheduler"),
        Identity("kube-proxy", "system:kube-proxy"),
        Identity("admin", "groundwork-admin", "system:masters"),
    ]
    nodes = [
        Identity(node.name, f"system:node:{node.name}", "system:nodes", names=(node.name, node.address))
        for node in plan.nodes
    ]
    return fixed + nodes


def ensure(layout: Layout) -> None:
    """Write whatever is missing of the authorities, certificates and the key that signs service-account tokens."""
    layout.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file, name in AUTHORITIES.items():
        if not _complete(layout.pki, file):
            _write_authority(layout.pki, file, name)
            # Whatever the former authority signed is worth nothing now.
            for identity in identities(layout):
                if identity.authority == file:
                    (layout.pki / f"{identity.file}.crt").unlink(missing_ok=True)
    for identity in identities(layout):
        if not _complete(layout.pki, identity.file):
            _write_identity(layout.pki, identity)
    if not (layout.pki / "service-accounts.pub").exists():
        _write_service_account_key(layout.pki)


def _complete(pki: Path, file: str) -> bool:
    return (pki / f"{file}.crt").exists() and (pki / f"{file}.key").exists()


def _write_authority(pki: Path, file: str, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"groundwork local {name}")])
    usage = _key_usage(authority=True)
    certificate = (
        _certificate(subject, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _save(pki, file, key, certificate)


def _write_identity(pki: Path, identity: Identity) -> None:
    authority = x509.load_pem_x509_certificate((pki / f"{identity.authority}.crt").read_bytes())
    authority_key = serialization.load_pem_private_key((pki / f"{identity.authority}.key").read_bytes(), None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
    if identity.organization is not None:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organization))
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if identity.names else [])]
    builder = (
        _certificate(x509.Name(attributes), authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if identity.names:
        names = [_general_name(name) for name in identity.names]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    _save(pki, identity.file, key, builder.sign(authority_key, hashes.SHA256()))


def _write_service_account_key(pki: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write(pki / "service-accounts.key", _private_pem(key))
    _write(pki / "service-accounts.pub", public)


def _certificate(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _save(pki: Path, file: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    # The certificate last: it is what says that the pair is complete.
    _write(pki / f"{file}.key", _private_pem(key))
    _write(pki / f"{file}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.rename(path)
