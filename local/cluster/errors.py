"""What goes wrong with the local cluster, in words for its user."""

from __future__ import annotations


class ClusterError(RuntimeError):
    """The cluster cannot be brought up, reached or changed; the message says what to do about it."""
