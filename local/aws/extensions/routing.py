"""Makes moto route a service's requests to our responses instead of its own."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any


def urls(moto_urls: ModuleType, responses: Any = None, extra: tuple[str, ...] = ()) -> SimpleNamespace:
    """What a backend's `_url_module` has to be.

    Args:
        moto_urls: The service's own `urls` module.
        responses: Class that answers every path; moto's own handlers stay if there is none.
        extra: More paths, in moto's notation.
    """
    own: dict[str, Any] = dict(moto_urls.url_paths)
    paths = own if responses is None else dict.fromkeys([*own, *extra], responses.dispatch)
    return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths=paths)
