"""CloudWatch Logs: a metric filter that is put again is changed, and goes with its group."""

from __future__ import annotations

from typing import Any

from moto.logs import urls as moto_urls
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogsBackend

from local.aws.errors import Invalid
from local.aws.extensions.routing import urls

_MOST_DIMENSIONS = 3


class Logs(LogsBackend):
    """The region's CloudWatch Logs."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls)

    def put_metric_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
    ) -> None:
        if log_group_name not in self.groups:
            raise ResourceNotFoundException(msg="The specified log group does not exist.")
        for transformation in metric_transformations:
            dimensions = transformation.get("dimensions") or {}
            if len(dimensions) > _MOST_DIMENSIONS:
                raise Invalid("InvalidParameterException", f"A metric filter has {_MOST_DIMENSIONS} dimensions at most")
            if dimensions and transformation.get("defaultValue") is not None:
                raise Invalid("InvalidParameterException", "A metric with dimensions has no default value")
        self.delete_metric_filter(filter_name, log_group_name)
        super().put_metric_filter(filter_name, filter_pattern, log_group_name, metric_transformations)

    def delete_log_group(self, log_group_name: str) -> None:
        super().delete_log_group(log_group_name)
        for found in self.describe_metric_filters(log_group_name=log_group_name):
            self.delete_metric_filter(found["filterName"], log_group_name)
