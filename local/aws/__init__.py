"""The local AWS endpoint: moto's API with real servers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.aws.application import Application


def without_servers() -> Application:
    """The endpoint's WSGI application with no servers behind it: whatever is declared is available at once.

    For tests of API clients. Addresses in its answers come from the platform's range and nothing listens there.
    """
    import secrets

    from local.aws.application import Application
    from local.aws.control_plane_only import settle

    return Application(on_change=settle, edge_secret=secrets.token_hex(16))


def __getattr__(name: str) -> Any:
    # moto takes a second to import; whoever only asks for the status should not pay for it.
    if name in ("start", "status", "stop", "who_answers"):
        from local.aws import lifecycle

        return getattr(lifecycle, name)
    raise AttributeError(name)
