"""AWS Backup: plans that can be changed, selections, and a vault's policy and notifications. No job is ever run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.backup import urls as moto_urls
from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Plan, Vault
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random

from local.aws.extensions.routing import urls

_PATHS = (
    "{0}/backup-vaults/(?P<name>[^/]+)/access-policy$",
    "{0}/backup-vaults/(?P<name>[^/]+)/notification-configuration$",
)
_COLD_DAYS = 90
_CONTINUOUS_DAYS = 35
_LEAST_START_WINDOW = 60


@dataclass(frozen=True)
class Selection:
    """What a plan backs up.

    Attributes:
        id: Its ID.
        plan: ID of its plan.
        content: `BackupSelection` as it was put.
        creator: Idempotency mark.
        created: When, in seconds.
    """

    id: str
    plan: str
    content: Mapping[str, Any]
    creator: str | None
    created: float = field(default_factory=unix_time)


class Backup(BackupBackend):
    """The region's AWS Backup.

    Attributes:
        selections: By ID.
        policies: Access policies by vault.
        notifications: Topics and events by vault.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.selections: dict[str, Selection] = {}
        self.policies: dict[str, str] = {}
        self.notifications: dict[str, Mapping[str, Any]] = {}

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses, _PATHS)

    def vault(self, name: str) -> Vault:
        """A vault by name; moto's own message for a missing one is but the name."""
        if name not in self.vaults:
            raise ResourceNotFoundException(msg=f"Backup vault {name} not found")
        return self.vaults[name]

    def create_backup_plan(
        self, backup_plan: dict[str, Any], backup_plan_tags: dict[str, str], creator_request_id: str
    ) -> Plan:
        self._judge(backup_plan)
        for plan in self.plans.values():
            if creator_request_id and plan.creator_request_id == creator_request_id:
                return plan
        return super().create_backup_plan(backup_plan, backup_plan_tags, creator_request_id)

    def update_backup_plan(self, id: str, content: dict[str, Any]) -> Plan:
        """Put a plan's content whole; gives it a new version."""
        plan = self.get_backup_plan(id, None)
        self._judge(content)
        renewed = Plan(backup_plan=content, creator_request_id=plan.creator_request_id, backend=self)
        renewed.backup_plan_id, renewed.backup_plan_arn = plan.backup_plan_id, plan.backup_plan_arn
        renewed.creation_date = plan.creation_date
        self.plans[id] = renewed
        return renewed

    def delete_backup_plan(self, backup_plan_id: str) -> tuple[str, str, float, str]:
        if any(selection.plan == backup_plan_id for selection in self.selections.values()):
            raise InvalidRequestException(msg="Related backup plan selections must be deleted prior to backup plan")
        answer = super().delete_backup_plan(backup_plan_id)
        # moto would keep it, and its name, for ever.
        del self.plans[backup_plan_id]
        return answer

    def delete_backup_vault(self, backup_vault_name: str) -> None:
        super().delete_backup_vault(backup_vault_name)
        self.policies.pop(backup_vault_name, None)
        self.notifications.pop(backup_vault_name, None)

    def select(self, plan: str, content: Mapping[str, Any], creator: str | None) -> Selection:
        """Add a selection to a plan; the same mark gives the same selection."""
        self.get_backup_plan(plan, None)
        for known in self.selections.values():
            if creator and known.creator == creator:
                return known
            if known.plan == plan and known.content["SelectionName"] == content["SelectionName"]:
                raise AlreadyExistsException(msg="Backup selection with the same name already exists")
        made = Selection(str(mock_random.uuid4()), plan, content, creator)
        self.selections[made.id] = made
        return made

    def selection(self, plan: str, id: str) -> Selection:
        """A plan's selection by ID."""
        found = self.selections.get(id)
        if found is None or found.plan != plan:
            raise ResourceNotFoundException(msg=f"Cannot find Backup selection with Id: {id}")
        return found

    def _judge(self, plan: Mapping[str, Any]) -> None:
        """What AWS Backup refuses of a plan."""
        for rule in plan["Rules"]:
            self.vault(rule["TargetBackupVaultName"])
            if rule.get("StartWindowMinutes") is not None and rule["StartWindowMinutes"] < _LEAST_START_WINDOW:
                raise InvalidParameterValueException(msg=f"Start window must be {_LEAST_START_WINDOW} minutes or more")
            lifecycles = [rule.get("Lifecycle"), *(copy.get("Lifecycle") for copy in rule.get("CopyActions") or [])]
            for lifecycle in filter(None, lifecycles):
                cold, end = lifecycle.get("MoveToColdStorageAfterDays"), lifecycle.get("DeleteAfterDays")
                if cold is not None and end is not None and end < cold + _COLD_DAYS:
                    raise InvalidParameterValueException(
                        msg=f"DeleteAfterDays cannot be less than {_COLD_DAYS} days apart from "
                        "MoveToColdStorageAfterDays"
                    )
            days = (rule.get("Lifecycle") or {}).get("DeleteAfterDays")
            if rule.get("EnableContinuousBackup") and not 1 <= (days or 0) <= _CONTINUOUS_DAYS:
                raise InvalidParameterValueException(
                    msg=f"DeleteAfterDays of continuous backups must be from 1 to {_CONTINUOUS_DAYS}"
                )


class Responses(BackupResponse):
    """The operations that moto lacks."""

    def _segment(self, position: int) -> str:
        """A part of the path, without regard to a final slash."""
        return str(self.path).rstrip("/").split("/")[position]

    def _backend(self) -> Backup:
        backend = self.backup_backend
        assert isinstance(backend, Backup)
        return backend

    def describe_backup_vault(self) -> Any:
        self._backend().vault(self._segment(-1))
        return super().describe_backup_vault()

    def update_backup_plan(self) -> str:
        plan = self._backend().update_backup_plan(self._segment(-1), json.loads(self.body)["BackupPlan"])
        return json.dumps(plan.to_dict())

    def create_backup_selection(self) -> str:
        body = json.loads(self.body)
        made = self._backend().select(self._segment(-2), body["BackupSelection"], body.get("CreatorRequestId"))
        return json.dumps({"SelectionId": made.id, "BackupPlanId": made.plan, "CreationDate": made.created})

    def get_backup_selection(self) -> str:
        found = self._backend().selection(self._segment(-3), self._segment(-1))
        return json.dumps(
            {
                "BackupSelection": found.content,
                "SelectionId": found.id,
                "BackupPlanId": found.plan,
                "CreationDate": found.created,
                "CreatorRequestId": found.creator,
            }
        )

    def list_backup_selections(self) -> str:
        plan = self._segment(-2)
        listed = [
            {
                "SelectionId": each.id,
                "SelectionName": each.content["SelectionName"],
                "BackupPlanId": plan,
                "CreationDate": each.created,
                "CreatorRequestId": each.creator,
                "IamRoleArn": each.content["IamRoleArn"],
            }
            for each in self._backend().selections.values()
            if each.plan == plan
        ]
        return json.dumps({"BackupSelectionsList": listed})

    def delete_backup_selection(self) -> str:
        found = self._backend().selection(self._segment(-3), self._segment(-1))
        del self._backend().selections[found.id]
        return "{}"

    def put_backup_vault_access_policy(self) -> str:
        name = self._backend().vault(self._segment(-2)).backup_vault_name
        self._backend().policies[name] = json.loads(self.body).get("Policy", "")
        return "{}"

    def get_backup_vault_access_policy(self) -> str:
        vault = self._backend().vault(self._segment(-2))
        policy = self._backend().policies.get(vault.backup_vault_name)
        if policy is None:
            raise ResourceNotFoundException(msg=f"Backup vault {vault.backup_vault_name} has no access policy")
        return json.dumps(
            {
                "BackupVaultName": vault.backup_vault_name,
                "BackupVaultArn": vault.backup_vault_arn,
                "Policy": policy,
            }
        )

    def delete_backup_vault_access_policy(self) -> str:
        self._backend().policies.pop(self._backend().vault(self._segment(-2)).backup_vault_name, None)
        return "{}"

    def put_backup_vault_notifications(self) -> str:
        name = self._backend().vault(self._segment(-2)).backup_vault_name
        self._backend().notifications[name] = json.loads(self.body)
        return "{}"

    def get_backup_vault_notifications(self) -> str:
        vault = self._backend().vault(self._segment(-2))
        told = self._backend().notifications.get(vault.backup_vault_name)
        if told is None:
            raise ResourceNotFoundException(msg=f"Backup vault {vault.backup_vault_name} has no notifications")
        return json.dumps(
            {
                "BackupVaultName": vault.backup_vault_name,
                "BackupVaultArn": vault.backup_vault_arn,
                "SNSTopicArn": told["SNSTopicArn"],
                "BackupVaultEvents": told["BackupVaultEvents"],
            }
        )

    def delete_backup_vault_notifications(self) -> str:
        self._backend().notifications.pop(self._backend().vault(self._segment(-2)).backup_vault_name, None)
        return "{}"
