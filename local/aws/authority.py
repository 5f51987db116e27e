"""The local certificate authority: a root of our own that signs the certificates of the platform's servers."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_LIFETIME = datetime.timedelta(days=3650)
SERVER_LIFETIME = datetime.timedelta(days=825)


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and private key, both PEM files that only their owner may read."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder: `ca.pem` for everybody, `ca-key.pem` for nobody else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def root(self) -> Path:
        """The root certificate, PEM."""
        return self._folder / "ca.pem"

    def ensure(self) -> None:
        """Make the root unless it is there. It is valid for ten years."""
        if self.root.exists() and self._root_key.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("groundwork local authority")
        certificate = (
            _builder(name, name, key.public_key(), ROOT_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._root_key, _private(key), mode=0o600)
        # Last, because its presence says that the authority is complete.
        _write(self.root, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)

    def issue(
        self,
        folder: Path,
        name: str,
        addresses: Sequence[str],
        names: Sequence[str],
        user: str,
        *,
        for_peers: bool = False,
    ) -> Certificate:
        """Sign a server certificate, unless the folder holds one.

        Args:
            folder: Receives `server.pem` and `server-key.pem`.
            name: Common name.
            addresses: IP addresses that the certificate is valid for.
            names: DNS names that it is valid for.
            user: Owner of the files.
            for_peers: The server presents it as a client too, to others of its kind.
        """
        issued = Certificate(folder / "server.pem", folder / "server-key.pem")
        if issued.certificate.exists() and issued.key.exists():
            return issued
        root = x509.load_pem_x509_certificate(self.root.read_bytes())
        root_key = serialization.load_pem_private_key(self._root_key.read_bytes(), password=None)
        assert isinstance(root_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
        alternatives += [x509.DNSName(each) for each in names]
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if for_peers else [])]
        certificate = (
            # A common name has 64 characters at most (RFC 5280, ub-common-name); clients look at the alternatives.
            _builder(_name(name[:64]), root.subject, key.public_key(), SERVER_LIFETIME)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        _write(issued.key, _private(key), mode=0o600, user=user)
        _write(issued.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644, user=user)
        return issued

    @property
    def _root_key(self) -> Path:
        return self._folder / "ca-key.pem"


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # An hour back: a container's clock may be a little behind.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + lifetime)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, mode: int, user: str | None = None) -> None:
    """Write a file that never exists with wider permissions than `mode`."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.chmod(mode)
    if user is not None:
        shutil.chown(partial, user, user)
    partial.rename(path)
