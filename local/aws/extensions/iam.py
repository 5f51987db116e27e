"""IAM: the audiences of an OpenID Connect provider can be changed."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam import urls as moto_urls
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from local.aws.extensions.routing import urls


class IAM(IAMBackend):
    """The account's IAM."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)


class Responses(IamResponse):
    """The operations that moto lacks."""

    def add_client_id_to_open_id_connect_provider(self) -> ActionResult:
        provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        client = self._get_param("ClientID")
        if client not in provider.client_id_list:
            provider.client_id_list = [*provider.client_id_list, client]
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> ActionResult:
        provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        client = self._get_param("ClientID")
        provider.client_id_list = [known for known in provider.client_id_list if known != client]
        return EmptyResult()
