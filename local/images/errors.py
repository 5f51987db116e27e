"""What can go wrong with images."""

from __future__ import annotations


class ImageError(Exception):
    """An image could not be made; the text is meant for the user as it stands."""
