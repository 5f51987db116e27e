"""One of everything that the stacks declare, service by service, and how each is asked about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Client = Callable[..., Any]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
ROLE = "arn:aws:iam::123456789012:role/app"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


@dataclass(frozen=True)
class Declaration:
    """What is declared of a service, and the questions whose answers must stay the same."""

    declare: Callable[[Client], None]
    ask: Callable[[Client], Iterator[object]]


def _ec2(client: Client) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"][:2]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    group = ec2.create_security_group(GroupName="data", Description="data", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
    )
    ec2.create_tags(Resources=[vpc, *subnets], Tags=[{"Key": "Name", "Value": "app"}])


def _ask_ec2(client: Client) -> Iterator[object]:
    ec2 = client("ec2")
    yield ec2.describe_vpcs()["Vpcs"]
    yield ec2.describe_subnets()["Subnets"]
    yield ec2.describe_route_tables()["RouteTables"]
    yield ec2.describe_security_groups()["SecurityGroups"]
    yield ec2.describe_security_group_rules()["SecurityGroupRules"]
    yield ec2.describe_nat_gateways()["NatGateways"]
    yield ec2.describe_vpc_endpoints()["VpcEndpoints"]
    yield ec2.describe_addresses()["Addresses"]
    yield ec2.describe_vpc_endpoint_services()["ServiceDetails"]


def _iam(client: Client) -> None:
    iam = client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = iam.create_policy(PolicyName="app", PolicyDocument=document)
    iam.attach_role_policy(RoleName="app", PolicyArn=policy["Policy"]["Arn"])
    iam.put_role_policy(RoleName="app", PolicyName="inline", PolicyDocument=document)
    iam.create_open_id_connect_provider(
        Url="https://oidc.example", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )


def _ask_iam(client: Client) -> Iterator[object]:
    iam = client("iam")
    yield iam.get_role(RoleName="app")["Role"]
    yield iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"]
    yield iam.get_role_policy(RoleName="app", PolicyName="inline")["PolicyDocument"]
    yield iam.list_policies(Scope="Local")["Policies"]
    [provider] = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    yield iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])["ClientIDList"]


def _kms(client: Client) -> None:
    kms = client("kms")
    key = kms.create_key(Description="data", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Description="signing")
    kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description="signing too")


def _ask_kms(client: Client) -> Iterator[object]:
    kms = client("kms")
    yield kms.describe_key(KeyId="alias/app")["KeyMetadata"]
    for each in kms.list_keys()["Keys"]:
        described = kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]
        yield described
        if described.get("KeyUsage") == "SIGN_VERIFY":
            yield kms.get_public_key(KeyId=each["KeyId"])["PublicKey"]
    yield kms.list_aliases()["Aliases"]


def _secretsmanager(client: Client) -> None:
    secrets = client("secretsmanager")
    secrets.create_secret(Name="app/redis", SecretString="first", Tags=[{"Key": "a", "Value": "b"}])
    secrets.put_secret_value(SecretId="app/redis", SecretString="second")


def _ask_secretsmanager(client: Client) -> Iterator[object]:
    secrets = client("secretsmanager")
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        yield secrets.get_secret_value(SecretId="app/redis", VersionStage=stage)["SecretString"]
    described = secrets.describe_secret(SecretId="app/redis")
    yield {name: value for name, value in described.items() if name not in ("ResponseMetadata", "LastAccessedDate")}


def _s3(client: Client) -> None:
    s3 = client("s3")
    for name in ("assets", "copies"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    s3.put_bucket_encryption(Bucket="assets", ServerSideEncryptionConfiguration=encryption)
    rule = {"ID": "old", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}
    s3.put_bucket_lifecycle_configuration(Bucket="assets", LifecycleConfiguration={"Rules": [rule]})
    for body in (b"first", b"second"):
        s3.put_object(Bucket="assets", Key="a/b.txt", Body=body, ContentType="text/plain", Metadata={"by": "me"})
    s3.put_object(Bucket="assets", Key="gone", Body=b"was here")
    s3.delete_object(Bucket="assets", Key="gone")
    s3.put_object(Bucket="copies", Key="empty", Body=b"", Tagging="a=b")
    upload = s3.create_multipart_upload(Bucket="assets", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="assets", Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 100)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket="assets", Key="parts", UploadId=upload, MultipartUpload=parts)
    upload = s3.create_multipart_upload(Bucket="copies", Key="under way")["UploadId"]
    s3.upload_part(Bucket="copies", Key="under way", UploadId=upload, PartNumber=1, Body=b"not yet")


def _ask_s3(client: Client) -> Iterator[object]:
    s3 = client("s3")
    yield s3.list_buckets()["Buckets"]
    for name in ("assets", "copies"):
        yield s3.get_bucket_location(Bucket=name)["LocationConstraint"]
        listed = s3.list_object_versions(Bucket=name)
        yield listed.get("DeleteMarkers")
        for version in listed["Versions"]:
            yield version
            where = {"Bucket": name, "Key": version["Key"], "VersionId": version["VersionId"]}
            object_ = s3.get_object(**where)
            yield object_["Body"].read(), object_["ContentType"], object_["Metadata"], object_["LastModified"]
            yield s3.get_object_tagging(**where)["TagSet"]
    yield s3.get_bucket_encryption(Bucket="assets")["ServerSideEncryptionConfiguration"]
    yield s3.get_bucket_lifecycle_configuration(Bucket="assets")["Rules"]
    [upload] = s3.list_multipart_uploads(Bucket="copies")["Uploads"]
    yield s3.list_parts(Bucket="copies", Key="under way", UploadId=upload["UploadId"])["Parts"]


def _sns(client: Client) -> None:
    queue = client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns = client("sns")
    topic = sns.create_topic(Name="alarms", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")


def _ask_sns(client: Client) -> Iterator[object]:
    sns, sqs = client("sns"), client("sqs")
    yield sns.list_topics()["Topics"]
    yield sns.list_subscriptions()["Subscriptions"]
    queue = sqs.get_queue_url(QueueName="inbox")["QueueUrl"]
    received = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    yield [(each["MessageId"], each["Body"]) for each in received]


def _logs(client: Client) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/app", tags={"a": "b"})
    logs.put_retention_policy(logGroupName="/app", retentionInDays=7)
    logs.put_metric_filter(
        logGroupName="/app",
        filterName="errors",
        filterPattern="ERROR",
        metricTransformations=[{"metricName": "errors", "metricNamespace": "app", "metricValue": "1"}],
    )


def _ask_logs(client: Client) -> Iterator[object]:
    logs = client("logs")
    yield logs.describe_log_groups()["logGroups"]
    yield logs.describe_metric_filters()["metricFilters"]


def _cloudwatch(client: Client) -> None:
    watch = client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="memory",
        MetricName="DatabaseMemoryUsagePercentage",
        Namespace="AWS/ElastiCache",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=3,
        Period=60,
        Threshold=80,
        Statistic="Average",
        Dimensions=[{"Name": "CacheClusterId", "Value": "app-001"}],
    )
    watch.put_composite_alarm(AlarmName="all", AlarmRule='ALARM("memory")')
    watch.put_dashboard(DashboardName="app", DashboardBody='{"widgets": []}')


def _ask_cloudwatch(client: Client) -> Iterator[object]:
    watch = client("cloudwatch")
    described = watch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    yield described["MetricAlarms"]
    yield described["CompositeAlarms"]
    yield watch.get_dashboard(DashboardName="app")["DashboardBody"]


def _elasticache(client: Client) -> None:
    cache = client("elasticache")
    cache.create_cache_parameter_group(
        CacheParameterGroupName="queues", CacheParameterGroupFamily="redis7", Description="queues"
    )
    values = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    cache.modify_cache_parameter_group(CacheParameterGroupName="queues", ParameterNameValues=values)
    cache.create_replication_group(
        ReplicationGroupId="app",
        ReplicationGroupDescription="app",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
        AuthToken="a-token-of-sixteen-characters",
        CacheParameterGroupName="queues",
        CacheNodeType="cache.r6g.large",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    primary = cache.create_global_replication_group(
        GlobalReplicationGroupIdSuffix="all", PrimaryReplicationGroupId="app"
    )
    client("elasticache", region_name="eu-central-1").create_replication_group(
        ReplicationGroupId="app",
        ReplicationGroupDescription="copy",
        GlobalReplicationGroupId=primary["GlobalReplicationGroup"]["GlobalReplicationGroupId"],
    )


def _ask_elasticache(client: Client) -> Iterator[object]:
    for region in ("eu-west-1", "eu-central-1"):
        cache = client("elasticache", region_name=region)
        groups = cache.describe_replication_groups()["ReplicationGroups"]
        yield groups
        yield cache.list_tags_for_resource(ResourceName=groups[0]["ARN"])["TagList"]
        yield cache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
        yield cache.describe_global_replication_groups(ShowMemberInfo=True)["GlobalReplicationGroups"]
    named = {"CacheParameterGroupName": "queues", "Source": "user"}
    yield client("elasticache").describe_cache_parameters(**named)["Parameters"]


def _rds(client: Client) -> None:
    rds, ec2 = client("rds"), client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = [each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"][:2]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    rds.create_db_subnet_group(DBSubnetGroupName="app", DBSubnetGroupDescription="app", SubnetIds=subnets)
    rds.create_db_parameter_group(DBParameterGroupName="app", DBParameterGroupFamily="postgres15", Description="app")
    value = {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="app", Parameters=[value])
    rds.create_db_instance(
        DBInstanceIdentifier="app",
        Engine="postgres",
        EngineVersion="15",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword="a-master-password",
        BackupRetentionPeriod=7,
        DBParameterGroupName="app",
        DBSubnetGroupName="app",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    rds.create_db_instance_read_replica(DBInstanceIdentifier="app-r", SourceDBInstanceIdentifier="app")
    secret = client("secretsmanager").create_secret(Name="rds", SecretString="{}")["ARN"]
    rds.create_db_proxy(
        DBProxyName="app",
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "DISABLED"}],
        RoleArn=ROLE,
        VpcSubnetIds=subnets,
    )
    rds.register_db_proxy_targets(DBProxyName="app", DBInstanceIdentifiers=["app"])


def _ask_rds(client: Client) -> Iterator[object]:
    rds = client("rds")
    for each in rds.describe_db_instances()["DBInstances"]:
        # The time of the question.
        yield {name: value for name, value in each.items() if name != "LatestRestorableTime"}
    yield rds.describe_db_subnet_groups()["DBSubnetGroups"]
    yield rds.describe_db_parameter_groups()["DBParameterGroups"]
    yield rds.describe_db_parameters(DBParameterGroupName="app", Source="user")["Parameters"]
    yield rds.describe_db_proxies()["DBProxies"]
    yield rds.describe_db_proxy_targets(DBProxyName="app")["Targets"]


def _cloudfront(client: Client) -> None:
    front = client("cloudfront")
    control = front.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "assets",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]
    front.create_response_headers_policy(
        ResponseHeadersPolicyConfig={
            "Name": "secure",
            "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}},
        }
    )
    origin = {
        "Id": "assets",
        "DomainName": "assets.s3.eu-west-1.amazonaws.com",
        "OriginAccessControlId": control,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    made = front.create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "assets",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "assets",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": CACHING_OPTIMIZED,
            },
        }
    )["Distribution"]["Id"]
    batch = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "purge"}
    front.create_invalidation(DistributionId=made, InvalidationBatch=batch)


def _ask_cloudfront(client: Client) -> Iterator[object]:
    front = client("cloudfront")
    [listed] = front.list_distributions()["DistributionList"]["Items"]
    got = front.get_distribution(Id=listed["Id"])
    yield got["Distribution"], got["ETag"]
    yield front.list_invalidations(DistributionId=listed["Id"])["InvalidationList"]["Items"]
    yield front.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    yield front.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]["Items"]


def _route53(client: Client) -> None:
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name="example.org", CallerReference="one")["HostedZone"]["Id"]
    record = {"Name": "www.example.org", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)


def _ask_route53(client: Client) -> Iterator[object]:
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    yield zone
    yield route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]


def _acm(client: Client) -> None:
    acm = client("acm")
    certificate = acm.request_certificate(DomainName="example.org", ValidationMethod="DNS")["CertificateArn"]
    acm.describe_certificate(CertificateArn=certificate)


def _ask_acm(client: Client) -> Iterator[object]:
    acm = client("acm")
    [listed] = acm.list_certificates()["CertificateSummaryList"]
    yield acm.describe_certificate(CertificateArn=listed["CertificateArn"])["Certificate"]
    yield acm.get_certificate(CertificateArn=listed["CertificateArn"])["Certificate"]


def _backup(client: Client) -> None:
    backup = client("backup")
    backup.create_backup_vault(BackupVaultName="app", BackupVaultTags={"a": "b"})
    rule = {"RuleName": "daily", "TargetBackupVaultName": "app", "ScheduleExpression": "cron(0 3 ? * * *)"}
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "app", "Rules": [rule]})["BackupPlanId"]
    selection = {"SelectionName": "app", "IamRoleArn": ROLE, "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=made, BackupSelection=selection)


def _ask_backup(client: Client) -> Iterator[object]:
    backup = client("backup")
    yield backup.describe_backup_vault(BackupVaultName="app")["BackupVaultArn"]
    [plan] = backup.list_backup_plans()["BackupPlansList"]
    yield backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]
    yield backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]


def _wafv2(client: Client) -> None:
    waf = client("wafv2", region_name="us-east-1")
    common = {"Scope": "CLOUDFRONT", "Name": "edge"}
    waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=["192.0.2.7/32"])
    seen = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "edge"}
    waf.create_web_acl(**common, DefaultAction={"Allow": {}}, VisibilityConfig=seen, Rules=[])


def _ask_wafv2(client: Client) -> Iterator[object]:
    waf = client("wafv2", region_name="us-east-1")
    for each in waf.list_ip_sets(Scope="CLOUDFRONT")["IPSets"]:
        got = waf.get_ip_set(Scope="CLOUDFRONT", Name=each["Name"], Id=each["Id"])
        yield got["IPSet"], got["LockToken"]
    for each in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]:
        yield waf.get_web_acl(Scope="CLOUDFRONT", Name=each["Name"], Id=each["Id"])["WebACL"]


def _scheduler(client: Client) -> None:
    machine = client("stepfunctions").create_state_machine(
        name="restore",
        roleArn=ROLE,
        definition=json.dumps({"StartAt": "end", "States": {"end": {"Type": "Succeed"}}}),
    )["stateMachineArn"]
    client("scheduler").create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE},
    )


def _ask_scheduler(client: Client) -> Iterator[object]:
    scheduler, steps = client("scheduler"), client("stepfunctions")
    schedule = scheduler.get_schedule(Name="nightly")
    yield schedule["Target"], schedule["ScheduleExpression"], schedule["CreationDate"]
    [machine] = steps.list_state_machines()["stateMachines"]
    yield steps.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]


DECLARATIONS = {
    "acm": Declaration(_acm, _ask_acm),
    "backup": Declaration(_backup, _ask_backup),
    "cloudfront": Declaration(_cloudfront, _ask_cloudfront),
    "cloudwatch": Declaration(_cloudwatch, _ask_cloudwatch),
    "ec2": Declaration(_ec2, _ask_ec2),
    "elasticache": Declaration(_elasticache, _ask_elasticache),
    "iam": Declaration(_iam, _ask_iam),
    "kms": Declaration(_kms, _ask_kms),
    "logs": Declaration(_logs, _ask_logs),
    "rds": Declaration(_rds, _ask_rds),
    "route53": Declaration(_route53, _ask_route53),
    "s3": Declaration(_s3, _ask_s3),
    "scheduler": Declaration(_scheduler, _ask_scheduler),
    "secretsmanager": Declaration(_secretsmanager, _ask_secretsmanager),
    "sns": Declaration(_sns, _ask_sns),
    "wafv2": Declaration(_wafv2, _ask_wafv2),
}
