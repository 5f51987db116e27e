"""EC2: a gateway endpoint's routes follow its route tables."""

from __future__ import annotations

from typing import Any

from moto.ec2 import urls as moto_urls
from moto.ec2.models import EC2Backend

from local.aws.extensions.routing import urls


class EC2(EC2Backend):
    """The account's EC2."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls)

    def modify_vpc_endpoint(self, vpc_id: str, *arguments: Any, **named: Any) -> None:
        """Change an endpoint, and with its route tables their routes.

        moto's own leaves the routes as they are, and fails to delete the endpoint later for want of them.
        """
        [endpoint] = self.describe_vpc_endpoints([vpc_id])
        before = set(endpoint.route_table_ids or [])
        super().modify_vpc_endpoint(vpc_id, *arguments, **named)
        after = set(endpoint.route_table_ids or [])
        prefixes = endpoint.destination_prefix_list_id
        if prefixes is None:
            return
        for table in sorted(after - before):
            self.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefixes)
        for table in sorted(before - after):
            self.delete_route(table, prefixes)
