"""Container images of the local platform, built without a Docker engine and without an image registry."""

from local.images.errors import ImageError
from local.images.workload import WORKLOAD_IMAGE, ensure_workload_image

__all__ = ["WORKLOAD_IMAGE", "ImageError", "ensure_workload_image"]
