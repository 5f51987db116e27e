"""Secrets Manager: moving AWSCURRENT changes what an unqualified read answers."""

from __future__ import annotations

from typing import Any

from moto.secretsmanager import urls as moto_urls
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from local.aws.extensions.routing import urls


class SecretsManager(SecretsManagerBackend):
    """The region's Secrets Manager."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls)

    def update_secret_version_stage(
        self, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> tuple[str, str]:
        answer = super().update_secret_version_stage(
            secret_id, version_stage, remove_from_version_id, move_to_version_id
        )
        if version_stage == "AWSCURRENT" and move_to_version_id:
            secret = self.secrets[secret_id]
            assert isinstance(secret, FakeSecret)
            secret.set_default_version_id(move_to_version_id)
        return answer
