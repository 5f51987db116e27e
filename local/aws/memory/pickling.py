"""moto's models as pickles: plain Python objects but for locks, keys, objects' contents, and each other's backends."""

from __future__ import annotations

import copyreg
import io
import pickle
import threading
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from moto.s3.models import FakeKey

from local.aws.memory.bodies import Bodies, StoredBody

Reducer = Callable[[Any], tuple[Any, ...]]

_BODY = "groundwork_body"


def dump(value: object, bodies: Bodies, reducers: Mapping[type, Reducer]) -> tuple[bytes, frozenset[str]]:
    """The pickle, and the bodies of objects that it refers to.

    Args:
        value: What to pickle.
        bodies: Takes the contents of objects that are not on disk yet.
        reducers: More types with a form of their own, beside locks, keys and objects of S3.

    Raises:
        pickle.PicklingError, TypeError, AttributeError: something in it has no form that could be kept.
    """
    used: set[str] = set()
    buffer = io.BytesIO()
    # A table, not `persistent_id` or `reducer_override`: those cost a call of Python for every object.
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.dispatch_table = {
        **copyreg.dispatch_table,
        **_OWN_FORMS,
        FakeKey: lambda key: _reduce_object(key, bodies, used),
        **reducers,
    }
    pickler.dump(value)
    return buffer.getvalue(), frozenset(used)


def load(state: bytes, bodies: Bodies) -> Any:
    """What `dump` was given; the file it comes from must be trusted, as every pickle must."""
    with _READING:
        _ATTACHED.bodies = bodies
        return pickle.loads(state)  # from our own file, which only its owner can write


# -- Objects of S3 ----------------------------------------------------------------------------------------------------


class _Attached:
    bodies: Bodies


_ATTACHED = _Attached()
_READING = threading.Lock()


def _reduce_object(key: FakeKey, bodies: Bodies, used: set[str]) -> tuple[Any, ...]:
    digest = _stored(key, bodies)
    used.add(digest)
    state = {name: value for name, value in vars(key).items() if name not in ("_value_buffer", "lock")}
    return copyreg.__newobj__, (type(key),), {**state, _BODY: digest}, None, None, _restore_object  # type: ignore[attr-defined]


def _stored(key: FakeKey, bodies: Bodies) -> str:
    """The digest of the object's content, which is on disk from now on and no longer in memory."""
    with key.lock:
        buffer: Any = key._value_buffer
        if isinstance(buffer, StoredBody):
            return buffer.digest
        # While the content is at hand: its tag is never computed from the file.
        content = b"" if buffer.closed else _content(key, buffer)
        digest = bodies.add(content)
        # The old buffer is not closed: whoever reads it at this moment holds it.
        key._value_buffer = StoredBody(bodies, digest)  # type: ignore[assignment]
        return digest


def _content(key: FakeKey, buffer: Any) -> bytes:
    _ = key.etag
    buffer.seek(0)
    content: bytes = buffer.read()
    return content


def _restore_object(key: FakeKey, state: dict[str, Any]) -> None:
    digest = state.pop(_BODY)
    vars(key).update(state)
    key._value_buffer = StoredBody(_ATTACHED.bodies, digest)  # type: ignore[assignment]
    key.lock = threading.Lock()


# -- What pickle knows no form of -------------------------------------------------------------------------------------


def read_certificate(pem: bytes) -> x509.Certificate:
    """A certificate as it was pickled."""
    return x509.load_pem_x509_certificate(pem)


def read_private_key(pem: bytes) -> Any:
    """A private key as it was pickled."""
    return serialization.load_pem_private_key(pem, password=None)


def _reduce_certificate(certificate: x509.Certificate) -> tuple[Any, ...]:
    return read_certificate, (certificate.public_bytes(serialization.Encoding.PEM),)


def _reduce_private_key(key: Any) -> tuple[Any, ...]:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return read_private_key, (key.private_bytes(*form),)


def _types_of_private_keys() -> list[type]:
    """The classes behind cryptography's abstract ones."""
    return [
        type(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        type(ec.generate_private_key(ec.SECP256R1())),
        type(ed25519.Ed25519PrivateKey.generate()),
    ]


def _anew(make: Callable[[], Any]) -> Reducer:
    """A form for what nobody can be waiting for after a restart."""
    return lambda _: (make, ())


_OWN_FORMS: dict[type, Reducer] = {
    type(threading.Lock()): _anew(threading.Lock),
    type(threading.RLock()): _anew(threading.RLock),
    threading.Condition: _anew(threading.Condition),
    threading.Event: _anew(threading.Event),
    x509.Certificate: _reduce_certificate,
    **dict.fromkeys(_types_of_private_keys(), _reduce_private_key),
}
