"""Pulumi programs for the tests: every supported type at once, in two versions."""

EVERYTHING = """
import json

import pulumi
import pulumi_aws as aws

second = pulumi.Config().get_bool("second") or False
tags = {"app": "second" if second else "first"}
after = lambda *resources: pulumi.ResourceOptions(depends_on=list(resources))

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=not second, tags=tags)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{number}.0/24", availability_zone=f"eu-west-1{zone}",
        map_public_ip_on_launch=second,
    )
    for number, zone in enumerate("abc")
]
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, tags=tags)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, tags=tags)
aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
aws.ec2.RouteTableAssociation("association", subnet_id=subnets[0].id, route_table_id=table.id)
aws.ec2.VpcEndpoint(
    "endpoint", vpc_id=vpc.id, service_name="com.amazonaws.eu-west-1.s3", route_table_ids=[table.id], tags=tags,
)
inside = aws.ec2.SecurityGroup("inside", vpc_id=vpc.id, description="inside", tags=tags)
web = aws.ec2.SecurityGroup(
    "web",
    vpc_id=vpc.id,
    ingress=[
        {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["10.0.0.0/8"], "description": "web"}
        for port in ((80, 443) if second else (80,))
    ],
    egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
)
aws.vpc.SecurityGroupIngressRule(
    "in-cidr", security_group_id=inside.id, ip_protocol="tcp", from_port=6379, to_port=6379, cidr_ipv4="10.0.0.0/16",
    description="second" if second else "first",
)
aws.vpc.SecurityGroupIngressRule(
    "in-group", security_group_id=inside.id, ip_protocol="tcp", from_port=5432, to_port=5432,
    referenced_security_group_id=web.id,
)
aws.vpc.SecurityGroupEgressRule("out", security_group_id=inside.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")

key = aws.kms.Key(
    "key", description="second" if second else "first", enable_key_rotation=True, deletion_window_in_days=7, tags=tags
)
aws.kms.Alias("alias", target_key_id=key.key_id)

nobody = aws.elasticache.User(
    "nobody", user_id="nobody", user_name="default", engine="redis", access_string="off ~* -@all",
    passwords=[pulumi.Output.secret("user-password-in-the-clear-0")],
)
somebody = aws.elasticache.User(
    "somebody", user_id="Somebody", user_name="app", engine="redis", tags=tags,
    access_string="on ~* +@all" if second else "on ~* -@all +@read",
    passwords=[pulumi.Output.secret(f"user-password-in-the-clear-{number}") for number in ([2, 1] if second else [1])],
)
reader = aws.elasticache.User(
    "reader", user_id="reader", user_name="reader", engine="redis", access_string="on ~* -@all +@read",
    no_password_required=True,
)
aws.elasticache.UserGroup(
    "people", user_group_id="people", engine="redis", tags=tags,
    user_ids=[nobody.user_id, reader.user_id if second else somebody.user_id],
)
cache_subnets = aws.elasticache.SubnetGroup("cache-subnets", subnet_ids=[subnet.id for subnet in subnets])
cache_parameters = aws.elasticache.ParameterGroup(
    "cache-parameters", family="redis7",
    parameters=[{"name": "maxmemory-policy", "value": "allkeys-lru" if second else "noeviction"}],
)
slow_log = aws.cloudwatch.LogGroup(
    "slow-log", name="/redis/slow", retention_in_days=14 if second else 7, tags=tags
)
redis = aws.elasticache.ReplicationGroup(
    "redis",
    description="second" if second else "first",
    node_type="cache.t4g.small",
    engine="redis",
    engine_version="7.0",
    num_cache_clusters=2,
    automatic_failover_enabled=True,
    multi_az_enabled=True,
    auth_token=pulumi.Output.secret("redis-token-in-the-clear" + ("-2" if second else "")),
    auth_token_update_strategy="SET",
    transit_encryption_enabled=True,
    at_rest_encryption_enabled=True,
    kms_key_id=key.arn,
    subnet_group_name=cache_subnets.name,
    parameter_group_name=cache_parameters.name,
    security_group_ids=[inside.id],
    port=6379,
    snapshot_retention_limit=7,
    snapshot_window="03:00-04:00",
    maintenance_window="sun:05:00-sun:06:00",
    log_delivery_configurations=[
        {
            "destination": slow_log.name, "destination_type": "cloudwatch-logs", "log_format": "json",
            "log_type": "engine-log" if second else "slow-log",
        }
    ],
    apply_immediately=True,
    tags=tags,
)
database_subnets = aws.rds.SubnetGroup("database-subnets", subnet_ids=[subnet.id for subnet in subnets])
database_parameters = aws.rds.ParameterGroup(
    "database-parameters", family="postgres15",
    parameters=[
        {"name": "log_min_duration_statement", "value": "250" if second else "500"},
        {"name": "max_connections", "value": "200", "apply_method": "pending-reboot"},
    ],
)
database = aws.rds.Instance(
    "database",
    engine="postgres",
    engine_version="15",
    instance_class="db.t4g.small",
    allocated_storage=30 if second else 20,
    max_allocated_storage=100,
    storage_type="gp3",
    storage_encrypted=True,
    kms_key_id=key.arn,
    db_name="app",
    username="app",
    password=pulumi.Output.secret("database-password-in-the-clear"),
    multi_az=True,
    db_subnet_group_name=database_subnets.name,
    parameter_group_name=database_parameters.name,
    vpc_security_group_ids=[inside.id],
    backup_retention_period=7,
    backup_window="02:00-03:00",
    maintenance_window="Mon:04:00-Mon:05:00",
    copy_tags_to_snapshot=True,
    skip_final_snapshot=True,
    apply_immediately=True,
    port=5432,
    tags=tags,
)
replica = aws.rds.Instance(
    "replica", replicate_source_db=database.identifier, instance_class="db.t4g.small", storage_encrypted=True,
    parameter_group_name=database_parameters.name, vpc_security_group_ids=[inside.id], skip_final_snapshot=True,
)

topic = aws.sns.Topic("topic", display_name="second" if second else "first", kms_master_key_id=key.arn, tags=tags)
aws.sns.TopicSubscription("hook", topic=topic.arn, protocol="https", endpoint="https://hook.example/alarms")
aws.cloudwatch.MetricAlarm(
    "plain-alarm", namespace="AWS/RDS", metric_name="CPUUtilization", statistic="Average", period=60,
    dimensions={"DBInstanceIdentifier": database.identifier}, comparison_operator="GreaterThanThreshold",
    threshold=90 if second else 80, evaluation_periods=5, alarm_actions=[topic.arn], tags=tags,
)
aws.cloudwatch.MetricAlarm(
    "worst-alarm",
    comparison_operator="GreaterThanThreshold",
    threshold=0.5,
    evaluation_periods=3,
    datapoints_to_alarm=2,
    treat_missing_data="notBreaching",
    metric_queries=[
        {
            "id": f"node{number}",
            "metric": {
                "namespace": "AWS/ElastiCache", "metric_name": "EngineCPUUtilization", "period": 60, "stat": "Average",
                "dimensions": {"CacheClusterId": f"redis-00{number}"},
            },
        }
        for number in ((1, 2, 3) if second else (1, 2))
    ] + [{"id": "worst", "expression": "MAX(METRICS())", "label": "worst", "return_data": True}],
)
either = aws.cloudwatch.MetricAlarm(
    "either-alarm", name="either", namespace="App", metric_name="Errors", statistic="Sum", period=60,
    comparison_operator="GreaterThanThreshold", threshold=1, evaluation_periods=1,
)
aws.cloudwatch.CompositeAlarm(
    "both-alarms", alarm_name="both", alarm_rule='ALARM("either") AND NOT OK(either)' if second else "ALARM(either)",
    alarm_description="second" if second else "first", alarm_actions=[topic.arn], tags=tags, opts=after(either),
)
aws.cloudwatch.LogMetricFilter(
    "counting", name="errors", log_group_name=slow_log.name,
    pattern="{ $.status >= 500 }" if second else "{ $.level = error }",
    metric_transformation={
        "name": "Errors", "namespace": "App", "value": "1", "dimensions": {"Service": "$.service"}
    },
)
aws.cloudwatch.Dashboard(
    "board", dashboard_name="board",
    dashboard_body=json.dumps(
        {
            "widgets": [
                {
                    "type": "text", "x": 0, "y": 0, "width": 24, "height": 2,
                    "properties": {"markdown": "second" if second else "first"},
                }
            ]
        }
    ),
)

bucket = aws.s3.Bucket("Uploads", force_destroy=True, tags=tags)
versioning = aws.s3.BucketVersioning(
    "versioning", bucket=bucket.bucket, versioning_configuration={"status": "Suspended" if second else "Enabled"}
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "encryption", bucket=bucket.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            "bucket_key_enabled": not second,
        }
    ],
)
block = aws.s3.BucketPublicAccessBlock(
    "block", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True, ignore_public_acls=True,
    restrict_public_buckets=not second,
)
ownership = aws.s3.BucketOwnershipControls(
    "ownership", bucket=bucket.bucket,
    rule={"object_ownership": "BucketOwnerPreferred" if second else "BucketOwnerEnforced"}, opts=after(block),
)
policy = bucket.arn.apply(
    lambda arn: json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudfront.amazonaws.com"},
                    "Action": ["s3:GetObject", "s3:ListBucket"] if second else "s3:GetObject",
                    "Resource": [arn, f"{arn}/*"],
                }
            ],
        }
    )
)
aws.s3.BucketPolicy("policy", bucket=bucket.bucket, policy=policy, opts=after(ownership))
aws.s3.BucketLifecycleConfiguration(
    "lifecycle",
    bucket=bucket.bucket,
    rules=[
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"prefix": "tmp/"},
            "noncurrent_version_expiration": {"noncurrent_days": 60 if second else 30},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
        {"id": "all", "status": "Enabled", "expiration": {"days": 400}},
    ],
    opts=after(versioning),
)
aws.s3.BucketCorsConfiguration(
    "cors",
    bucket=bucket.bucket,
    cors_rules=[
        {
            "allowed_methods": ["GET", "PUT"],
            "allowed_origins": ["https://a.example"],
            "allowed_headers": ["*"],
            "max_age_seconds": 120 if second else 60,
        }
    ],
)
aws.s3.BucketObjectv2(
    "hello.txt", bucket=bucket.bucket, source=pulumi.FileAsset("hello.txt"), content_type="text/plain",
    cache_control="max-age=120" if second else "max-age=60", opts=after(versioning),
)
aws.s3.BucketObjectv2(
    "inline", bucket=bucket.bucket, key="a/b.txt", content="second" if second else "first", opts=after(versioning)
)

vault = aws.s3.Bucket("vault", force_destroy=True, object_lock_enabled=True)
kept = aws.s3.BucketVersioning("kept", bucket=vault.bucket, versioning_configuration={"status": "Enabled"})
lock = aws.s3.BucketObjectLockConfiguration(
    "lock", bucket=vault.bucket, rule={"default_retention": {"mode": "GOVERNANCE", "days": 2 if second else 1}},
    opts=after(kept),
)
takes_logs = aws.s3.BucketPolicy(
    "takes-logs",
    bucket=vault.bucket,
    policy=vault.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{arn}/*",
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                    {
                        "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
                        "Action": "s3:PutObject", "Resource": f"{arn}/access/*",
                    },
                ],
            }
        )
    ),
)
aws.s3.BucketLogging(
    "logging", bucket=bucket.bucket, target_bucket=vault.bucket,
    target_prefix="access/two/" if second else "access/one/", opts=after(takes_logs),
)
aws.s3.Inventory(
    "inventory", bucket=bucket.bucket, included_object_versions="All", optional_fields=["Size", "ETag"],
    schedule={"frequency": "Daily" if second else "Weekly"},
    destination={
        "bucket": {"bucket_arn": vault.arn, "format": "Parquet", "prefix": "inventory", "encryption": {"sse_s3": {}}}
    },
)
aws.s3.BucketNotification(
    "notification", bucket=bucket.bucket, eventbridge=True,
    queues=[
        {
            "id": "images", "queue_arn": "arn:aws:sqs:eu-west-1:123456789012:images",
            "events": ["s3:ObjectCreated:*"], "filter_prefix": "images/",
            "filter_suffix": ".png" if second else ".jpg",
        }
    ],
)
far = aws.s3.Bucket("far", region="eu-central-1", force_destroy=True)
far_kept = aws.s3.BucketVersioning(
    "far-kept", region="eu-central-1", bucket=far.bucket, versioning_configuration={"status": "Enabled"}
)
aws.s3.BucketReplicationConfig(
    "replication", bucket=vault.bucket, role="arn:aws:iam::123456789012:role/replication",
    rules=[
        {
            "id": "all", "status": "Enabled", "priority": 0, "filter": {"prefix": ""},
            "delete_marker_replication": {"status": "Disabled" if second else "Enabled"},
            "destination": {
                "bucket": far.arn,
                "encryption_configuration": {"replica_kms_key_id": "arn:aws:kms:eu-central-1:123456789012:key/far"},
            },
            "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
        }
    ],
    opts=after(kept, far_kept),
)

big = aws.elasticache.ReplicationGroup(
    "big", description="big", node_type="cache.r7g.large", engine="redis", engine_version="7.0", num_cache_clusters=2,
    automatic_failover_enabled=True, transit_encryption_enabled=True, replication_group_id="big",
    opts=pulumi.ResourceOptions(ignore_changes=["nodeType", "engineVersion", "parameterGroupName"]),
)
everywhere = aws.elasticache.GlobalReplicationGroup(
    "everywhere", global_replication_group_id_suffix="everywhere", primary_replication_group_id=big.id,
    engine_version="7.1", cache_node_type="cache.r7g.xlarge" if second else "cache.r7g.large",
)
aws.elasticache.ReplicationGroup(
    "abroad", region="eu-central-1", description="abroad", replication_group_id="abroad", num_cache_clusters=2,
    global_replication_group_id=everywhere.global_replication_group_id, automatic_failover_enabled=True,
)

access = aws.cloudfront.OriginAccessControl(
    "access", origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4",
    description="second" if second else "first",
)
caching = aws.cloudfront.CachePolicy(
    "caching",
    default_ttl=120 if second else 60,
    parameters_in_cache_key_and_forwarded_to_origin={
        "cookies_config": {"cookie_behavior": "none"},
        "headers_config": {"header_behavior": "whitelist", "headers": {"items": ["Origin"]}},
        "query_strings_config": {"query_string_behavior": "none"},
        "enable_accept_encoding_gzip": True,
    },
)
asking = aws.cloudfront.OriginRequestPolicy(
    "asking",
    comment="second" if second else "first",
    cookies_config={"cookie_behavior": "none"},
    headers_config={"header_behavior": "none"},
    query_strings_config={"query_string_behavior": "all"},
)
heading = aws.cloudfront.ResponseHeadersPolicy(
    "heading",
    security_headers_config={
        "strict_transport_security": {"access_control_max_age_sec": 31536000, "override": True},
        "content_type_options": {"override": True},
        "frame_options": {"frame_option": "SAMEORIGIN" if second else "DENY", "override": True},
    },
    custom_headers_config={"items": [{"header": "x-served-by", "value": "cdn", "override": True}]},
)
behaviour = {
    "target_origin_id": "bucket",
    "viewer_protocol_policy": "redirect-to-https",
    "allowed_methods": ["GET", "HEAD"],
    "cached_methods": ["GET", "HEAD"],
    "cache_policy_id": caching.id,
    "response_headers_policy_id": heading.id,
}
cdn = aws.cloudfront.Distribution(
    "cdn",
    enabled=True,
    comment="second" if second else "first",
    default_root_object="index.html",
    origins=[
        {
            "origin_id": "bucket",
            "domain_name": bucket.bucket_regional_domain_name,
            "origin_access_control_id": access.id,
        }
    ],
    default_cache_behavior={**behaviour, "compress": True, "origin_request_policy_id": asking.id},
    ordered_cache_behaviors=[{**behaviour, "path_pattern": "/static/*", "compress": second}],
    custom_error_responses=[
        {"error_code": 404, "response_code": 200, "response_page_path": "/index.html", "error_caching_min_ttl": 10}
    ],
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
    tags=tags,
)

secret = aws.secretsmanager.Secret(
    "secret", description="second" if second else "first", recovery_window_in_days=0, kms_key_id=key.arn, tags=tags
)
aws.secretsmanager.SecretVersion(
    "version", secret_id=secret.id, secret_string=pulumi.Output.secret("secret-value-in-the-clear" + str(second))
)
proxy = aws.rds.Proxy(
    "proxy", engine_family="POSTGRESQL", role_arn="arn:aws:iam::123456789012:role/proxy", require_tls=True,
    vpc_subnet_ids=[subnet.id for subnet in subnets], vpc_security_group_ids=[inside.id], tags=tags,
    auths=[{"auth_scheme": "SECRETS", "iam_auth": "DISABLED", "secret_arn": secret.arn}],
    idle_client_timeout=600 if second else 1800,
)
proxy_pool = aws.rds.ProxyDefaultTargetGroup(
    "proxy-pool", db_proxy_name=proxy.name,
    connection_pool_config={
        "max_connections_percent": 60 if second else 80, "max_idle_connections_percent": 30,
        "connection_borrow_timeout": 30,
    },
)
aws.rds.ProxyTarget(
    "proxy-target", db_proxy_name=proxy.name, target_group_name="default", opts=after(proxy_pool),
    db_instance_identifier=database.identifier,
)
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
role = aws.iam.Role(
    "role", assume_role_policy=json.dumps(trust), description="second" if second else "first", tags=tags
)
aws.iam.RolePolicy(
    "role-policy", role=role.name,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:PutObject" if second else "s3:GetObject", "Resource": "*"}
            ],
        }
    ),
)
aws.iam.OpenIdConnectProvider(
    "issuer", url="https://issuer.example/id", thumbprint_lists=["a" * 40],
    client_id_lists=["sts.amazonaws.com", "second"] if second else ["sts.amazonaws.com"],
)

zone = pulumi.Config().require("zone")
certificate = aws.acm.Certificate(
    "certificate", region="us-east-1", domain_name="www.delivery.test", subject_alternative_names=["delivery.test"],
    validation_method="DNS", tags=tags,
)
proof = certificate.domain_validation_options.apply(lambda options: options[0])
proved = aws.route53.Record(
    "proof", zone_id=zone, name=proof.resource_record_name, type=proof.resource_record_type,
    records=[proof.resource_record_value], ttl=600 if second else 300, allow_overwrite=True,
)
aws.acm.CertificateValidation(
    "issued", region="us-east-1", certificate_arn=certificate.arn, validation_record_fqdns=[proved.fqdn]
)
aws.route53.Record(
    "www", zone_id=zone, name="www.delivery.test", type="A",
    aliases=[
        {"name": cdn.domain_name, "zone_id": cdn.hosted_zone_id, "evaluate_target_health": second}
    ],
)
aws.iam.Policy(
    "purge", description="purges", tags=tags,
    policy=cdn.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow", "Resource": arn,
                        "Action": "cloudfront:CreateInvalidation" if second else "cloudfront:GetInvalidation",
                    }
                ],
            }
        )
    ),
)
log_source = aws.cloudwatch.LogDeliverySource(
    "log-source", region="us-east-1", name="cdn", log_type="ACCESS_LOGS", resource_arn=cdn.arn, tags=tags
)
log_target = aws.cloudwatch.LogDeliveryDestination(
    "log-target", region="us-east-1", name="vault", output_format="parquet", tags=tags,
    delivery_destination_configuration={"destination_resource_arn": vault.arn},
)
aws.cloudwatch.LogDelivery(
    "log-delivery", region="us-east-1", delivery_source_name=log_source.name, record_fields=["date", "time"],
    delivery_destination_arn=log_target.arn, tags=tags,
    s3_delivery_configurations=[{"suffix_path": "{DistributionId}/{yyyy}", "enable_hive_compatible_path": False}],
)
blocked = aws.wafv2.IpSet(
    "blocked", region="us-east-1", scope="CLOUDFRONT", ip_address_version="IPV4", name="blocked", tags=tags,
    addresses=["192.0.2.0/24", "198.51.100.1/32"] if second else ["192.0.2.0/24"],
)
seen = lambda name: {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}
aws.wafv2.WebAcl(
    "acl", region="us-east-1", scope="CLOUDFRONT", name="acl", default_action={"allow": {}},
    visibility_config=seen("acl"), tags=tags,
    rules=[
        {
            "name": "blocked", "priority": 0, "action": {"block": {}}, "visibility_config": seen("blocked"),
            "statement": {"ip_set_reference_statement": {"arn": blocked.arn}},
        },
        {
            "name": "rate", "priority": 1, "action": {"block": {}}, "visibility_config": seen("rate"),
            "statement": {"rate_based_statement": {"limit": 200 if second else 2000, "aggregate_key_type": "IP"}},
        },
        {
            "name": "common", "priority": 2, "override_action": {"none": {}}, "visibility_config": seen("common"),
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS", "name": "AWSManagedRulesCommonRuleSet",
                    "rule_action_overrides": [{"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}}],
                }
            },
        },
    ],
)

machine = aws.sfn.StateMachine(
    "machine", name="machine", type="EXPRESS", role_arn=role.arn, tags=tags,
    definition=json.dumps(
        {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 2 if second else 1, "End": True}}}
    ),
)
aws.scheduler.Schedule(
    "schedule", name="schedule", schedule_expression="rate(5 minutes)" if second else "rate(1 minute)",
    flexible_time_window={"mode": "OFF"},
    target={
        "arn": machine.arn, "role_arn": role.arn, "input": "{}",
        "retry_policy": {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 0},
    },
)

aws.ec2.DefaultSecurityGroup(
    "nobody", vpc_id=vpc.id, ingress=[], tags=tags,
    egress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}] if second else [],
)
address = aws.ec2.Eip("address", tags=tags)
nat = aws.ec2.NatGateway("nat", subnet_id=subnets[0].id, allocation_id=address.id, tags=tags, opts=after(gateway))
inner = aws.ec2.RouteTable("inner", vpc_id=vpc.id)
aws.ec2.Route("way-out", route_table_id=inner.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id)
aws.ec2.VpcEndpoint(
    "secrets", vpc_id=vpc.id, service_name="com.amazonaws.eu-west-1.secretsmanager", vpc_endpoint_type="Interface",
    subnet_ids=[subnet.id for subnet in (subnets if second else subnets[:2])], security_group_ids=[inside.id],
    private_dns_enabled=True,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
                    "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}},
                }
            ],
        }
    ),
)
flows = aws.cloudwatch.LogGroup("flows", name="/vpc/flows")
aws.ec2.FlowLog(
    "flow-log", vpc_id=vpc.id, traffic_type="REJECT" if second else "ALL", log_destination=flows.arn,
    iam_role_arn=role.arn, tags=tags,
)
aws.sns.TopicPolicy(
    "topic-policy", arn=topic.arn,
    policy=topic.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Resource": arn,
                        "Action": ["SNS:Publish", "SNS:GetTopicAttributes"] if second else "SNS:Publish",
                    }
                ],
            }
        )
    ),
)
near = aws.backup.Vault("near", name="near", kms_key_arn=key.arn, tags=tags)
away = aws.backup.Vault("away", name="away", region="eu-central-1", force_destroy=True)
# Put anew before the old one is taken away, the lock would be taken away.
first = pulumi.ResourceOptions(delete_before_replace=True)
aws.backup.VaultLockConfiguration(
    "near-lock", backup_vault_name=near.name, min_retention_days=2 if second else 1, max_retention_days=400, opts=first
)
aws.backup.VaultPolicy(
    "near-policy", backup_vault_name=near.name,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny", "Principal": "*", "Resource": "*",
                    "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"] if second
                    else "backup:DeleteRecoveryPoint",
                }
            ],
        }
    ),
)
aws.backup.VaultNotifications(
    "near-told", backup_vault_name=near.name, sns_topic_arn=topic.arn,
    backup_vault_events=["COPY_JOB_FAILED", "BACKUP_JOB_EXPIRED"], opts=first,
)
backups = aws.backup.Plan(
    "backups", tags=tags,
    rules=[
        {
            "rule_name": "daily", "target_vault_name": near.name, "schedule": "cron(0 5 ? * * *)",
            "completion_window": 240, "lifecycle": {"delete_after": 30 if second else 14},
            "copy_actions": [{"destination_vault_arn": away.arn, "lifecycle": {"delete_after": 30}}],
            "recovery_point_tags": tags,
        },
        {
            "rule_name": "yearly", "target_vault_name": near.name, "schedule": "cron(0 6 1 1 ? *)",
            "lifecycle": {"cold_storage_after": 30, "delete_after": 365},
        },
    ],
)
aws.backup.Selection(
    "stores", plan_id=backups.id, iam_role_arn=role.arn, resources=["*"], opts=first,
    conditions=[
        {
            "string_equals": [
                {"key": "aws:ResourceTag/app", "value": "second" if second else "first"},
                {"key": "aws:ResourceTag/kept", "value": "yes"},
            ]
        }
    ],
)

pulumi.export("account", aws.get_caller_identity().account_id)
pulumi.export("region", aws.get_region().region)
pulumi.export("zones", aws.get_availability_zones(state="available").names)
pulumi.export("partition", aws.get_partition().partition)
pulumi.export("redis", redis.primary_endpoint_address)
pulumi.export("database", database.endpoint)
pulumi.export("replica", replica.address)
pulumi.export("proxy", proxy.endpoint)
pulumi.export("cdn", cdn.domain_name)
"""

SECRETS = (
    "redis-token-in-the-clear",
    "database-password-in-the-clear",
    "secret-value-in-the-clear",
    "user-password-in-the-clear",
)
"""What must not be found in the state, in outputs, in logs or in the journal."""
