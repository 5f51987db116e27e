"""Databases, caches and secrets."""

from __future__ import annotations

from local.aws.fidelity.model import NAMES, TAGS, Type

_E2E = "tests/e2e/local_aws"
_UNIT = "tests/unit/local_aws"
_REDIS = f"{_E2E}/test_redis.py::"
_REDIS_HA = f"{_E2E}/test_redis_failover.py::"
_CLUSTER = f"{_E2E}/test_redis_cluster.py::"
_POSTGRES = f"{_E2E}/test_postgres.py::"
_POSTGRES_HA = f"{_E2E}/test_postgres_failover.py::"
_PROXY = f"{_E2E}/test_rds_proxy.py::"
_RDS = f"{_UNIT}/test_rds.py::"

_SUBNETS = "there is one network for everything; subnets are names here"
_GROUPS = "security groups filter nothing here"
_ENCRYPTED = "data lie on this machine's disk as they are"
_WINDOW = "nothing is maintained, and changes apply at once"
_SIZE = "servers are as large as this machine lets them be"

TYPES = (
    Type(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        acts={
            _REDIS + "test_what_is_written_is_read_and_replicated": "replicationGroupId numCacheClusters port engine",
            _REDIS + "test_neither_plain_text_nor_strangers_get_in": "transitEncryptionEnabled authToken",
            _REDIS + "test_a_token_is_rotated_without_a_gap": "authTokenUpdateStrategy",
            _REDIS + "test_a_changed_parameter_reaches_every_running_server": "parameterGroupName",
            _REDIS + "test_users_take_the_tokens_place_while_the_servers_run": "userGroupIds",
            _CLUSTER + "test_node_groups_are_added_and_every_key_stays": "numNodeGroups",
            _CLUSTER + "test_replicas_come_and_go": "replicasPerNodeGroup",
            _REDIS_HA + "test_the_loss_of_a_primary_loses_no_acknowledged_write": "automaticFailoverEnabled",
            _REDIS_HA + "test_a_snapshot_is_restored_into_a_new_group": "snapshotName",
            f"{_UNIT}/test_elasticache_failover.py::TestSnapshots::"
            "test_a_group_can_leave_one_and_another_begin_with_it": "finalSnapshotIdentifier",
            f"{_UNIT}/test_elasticache.py::test_what_cannot_be_honoured_is_refused": (
                "engineVersion clusterMode transitEncryptionMode"
            ),
        },
        recorded={
            TAGS: "tags",
            "shown by the API only": "description",
            "changes apply at once": "applyImmediately",
            _ENCRYPTED: "atRestEncryptionEnabled kmsKeyId",
            _WINDOW: "autoMinorVersionUpgrade maintenanceWindow",
            "no log is delivered": "logDeliveryConfigurations",
            "all nodes run on this machine": "multiAzEnabled",
            "a server takes 256 MiB at most, whatever its type": "nodeType",
            _GROUPS: "securityGroupIds",
            _SUBNETS: "subnetGroupName",
            "no snapshot is taken by itself": "snapshotRetentionLimit snapshotWindow",
        },
    ),
    Type(
        "aws:elasticache/parameterGroup:ParameterGroup",
        acts={
            _REDIS + "test_a_changed_parameter_reaches_every_running_server": "name parameters",
            f"{_UNIT}/test_elasticache.py::test_a_wrong_parameter_is_an_error_and_changes_nothing": "family",
        },
        recorded={TAGS: "tags", "shown by the API only": "description"},
    ),
    Type(
        "aws:elasticache/subnetGroup:SubnetGroup",
        recorded={TAGS: "tags", NAMES: "name description", _SUBNETS: "subnetIds"},
    ),
    Type(
        "aws:elasticache/user:User",
        acts={
            _REDIS + "test_users_take_the_tokens_place_while_the_servers_run": "userId userName passwords accessString",
            f"{_UNIT}/test_elasticache_users.py::test_a_wrong_user_is_refused": "engine",
        },
        recorded={TAGS: "tags"},
    ),
    Type(
        "aws:elasticache/userGroup:UserGroup",
        acts={
            _REDIS + "test_users_take_the_tokens_place_while_the_servers_run": "userGroupId userIds",
            f"{_UNIT}/test_elasticache_users.py::test_a_group_has_one_default_and_no_name_twice": "engine",
        },
        recorded={TAGS: "tags"},
    ),
    Type(
        "aws:rds/instance:Instance",
        acts={
            _POSTGRES + "test_a_row_written_on_the_writer_appears_on_both_replicas": (
                "identifier dbName port username replicateSourceDb"
            ),
            _POSTGRES + "test_a_new_password_takes_the_place_of_the_old": "password",
            _POSTGRES + "test_parameters_apply_at_once_or_with_the_next_reboot": "parameterGroupName",
            _POSTGRES_HA + "test_the_standby_comes_and_goes": "multiAz",
            _POSTGRES_HA + "test_a_snapshot_is_restored_as_it_was": "finalSnapshotIdentifier skipFinalSnapshot",
            _POSTGRES_HA + "test_a_moment_is_restored_across_a_failover": "restoreToPointInTime",
            _RDS + "test_a_source_without_backups_has_no_replicas": "backupRetentionPeriod",
            _RDS + "test_what_cannot_be_honoured_is_refused": "engine engineVersion",
        },
        recorded={
            TAGS: "tags copyTagsToSnapshot",
            _SIZE: "allocatedStorage instanceClass maxAllocatedStorage storageType",
            _ENCRYPTED: "storageEncrypted kmsKeyId",
            _WINDOW: "applyImmediately autoMinorVersionUpgrade maintenanceWindow",
            "backups are taken from the start and go with their instance": "backupWindow deleteAutomatedBackups",
            "only which zone is told depends on it": "availabilityZone",
            "the local authority signs every certificate": "caCertIdentifier",
            _SUBNETS: "dbSubnetGroupName publiclyAccessible",
            _GROUPS: "vpcSecurityGroupIds",
            "the API refuses the deletion; there is nothing else to protect": "deletionProtection",
            "no log is delivered": "enabledCloudwatchLogsExports",
            "servers take passwords only": "iamDatabaseAuthenticationEnabled",
            "no queries or processes are sampled": (
                "monitoringInterval monitoringRoleArn performanceInsightsEnabled performanceInsightsKmsKeyId "
                "performanceInsightsRetentionPeriod"
            ),
        },
    ),
    Type(
        "aws:rds/parameterGroup:ParameterGroup",
        acts={
            _POSTGRES + "test_parameters_apply_at_once_or_with_the_next_reboot": "name parameters",
            _RDS + "test_a_wrong_parameter_is_an_error": "family",
        },
        recorded={TAGS: "tags", "shown by the API only": "description"},
    ),
    Type(
        "aws:rds/subnetGroup:SubnetGroup",
        acts={_RDS + "test_the_zones_are_those_of_the_subnets": "name subnetIds"},
        recorded={TAGS: "tags", "shown by the API only": "description"},
    ),
    Type(
        "aws:rds/proxy:Proxy",
        acts={
            _PROXY + "test_two_hundred_clients_share_few_connections": "name",
            _PROXY + "test_strangers_and_plain_text_are_refused": "requireTls",
            _PROXY + "test_a_rotated_secret_is_taken_while_clients_stay": "auths",
            f"{_UNIT}/test_rds_proxy.py::test_what_a_proxy_does_not_do_is_refused": "engineFamily",
            f"{_UNIT}/test_rds_proxy.py::TestConfiguration::"
            "test_transactions_are_pooled_in_front_of_the_waiting_address": "idleClientTimeout",
            f"{_UNIT}/test_rds_proxy.py::TestConfiguration::test_clients_that_come_and_go_are_logged_on_demand": (
                "debugLogging"
            ),
        },
        recorded={
            TAGS: "tags",
            "the proxy reads its secret whatever the role may do": "roleArn",
            _GROUPS: "vpcSecurityGroupIds",
            _SUBNETS: "vpcSubnetIds",
        },
    ),
    Type(
        "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
        acts={
            _PROXY + "test_two_hundred_clients_share_few_connections": "dbProxyName connectionPoolConfig",
            f"{_UNIT}/test_rds_proxy.py::TestConfiguration::test_unused_connections_go_unless_all_may_stay": (
                "connectionPoolConfig.maxIdleConnectionsPercent"
            ),
        },
    ),
    Type(
        "aws:rds/proxyTarget:ProxyTarget",
        acts={
            _PROXY + "test_two_hundred_clients_share_few_connections": "dbInstanceIdentifier dbProxyName",
            f"{_UNIT}/test_rds_proxy.py::test_a_target_group_has_one_name": "targetGroupName",
        },
    ),
    Type(
        "aws:secretsmanager/secret:Secret",
        acts={_PROXY + "test_a_rotated_secret_is_taken_while_clients_stay": "name"},
        recorded={
            TAGS: "tags",
            "shown by the API only": "description",
            "nothing is deleted later": "recoveryWindowInDays",
        },
    ),
    Type(
        "aws:secretsmanager/secretVersion:SecretVersion",
        acts={_PROXY + "test_a_rotated_secret_is_taken_while_clients_stay": "secretId secretString"},
    ),
    Type(
        "aws:backup/plan:Plan",
        recorded={TAGS: "tags", NAMES: "name", "no backup job is run": "rules"},
    ),
    Type(
        "aws:backup/selection:Selection",
        recorded={NAMES: "name planId", "no backup job is run": "conditions iamRoleArn resources"},
    ),
    Type(
        "aws:backup/vault:Vault",
        recorded={
            TAGS: "tags",
            NAMES: "name region",
            "a vault is always empty": "forceDestroy kmsKeyArn",
        },
    ),
    Type(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        recorded={
            NAMES: "backupVaultName region",
            "a vault is always empty": "changeableForDays maxRetentionDays minRetentionDays",
        },
    ),
    Type(
        "aws:backup/vaultNotifications:VaultNotifications",
        recorded={NAMES: "backupVaultName", "no backup job is run": "backupVaultEvents snsTopicArn"},
    ),
    Type(
        "aws:backup/vaultPolicy:VaultPolicy",
        recorded={NAMES: "backupVaultName region", "IAM policies are not asked": "policy"},
    ),
)
