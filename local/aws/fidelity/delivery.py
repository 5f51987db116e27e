"""Buckets, distributions, web ACLs, names and certificates."""

from __future__ import annotations

from local.aws.fidelity.model import NAMES, TAGS, Type

_UNIT = "tests/unit/local_aws"
_CDN = "tests/e2e/local_aws/test_cdn.py::"
_EDGE = "tests/e2e/local_aws/test_edge.py::"
_ACCESS = f"{_UNIT}/test_s3_access.py::"
_SETTINGS = f"{_UNIT}/test_s3_settings.py::"
_COPIES = f"{_UNIT}/test_s3_replication.py::"

_TOLD = "shown by the API only"
_OBJECT = "objects lie on this machine's disk as they are"
_ALONE = "the edge is in one place"
_LOCAL_CERTIFICATE = "the edge has a certificate of the local authority"
_MANAGED = "AWS's rule groups are not public: they never match"

TYPES = (
    Type(
        "aws:s3/bucket:Bucket",
        acts={
            _ACCESS + "test_a_stranger_is_refused_and_a_signature_is_not": "bucket",
            _COPIES + "test_an_object_arrives_as_it_was_written": "region",
            _SETTINGS + "test_a_lock_holds_versions_until_who_may_lifts_it": "objectLockEnabled",
        },
        recorded={TAGS: "tags", "an argument of the provider, not of AWS": "forceDestroy"},
    ),
    Type(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        acts={_SETTINGS + "test_the_rules_decide_which_pages_may_upload": "bucket corsRules.allowedOrigins"},
        recorded={
            "a page whose origin is allowed may do everything": (
                "corsRules.allowedHeaders corsRules.allowedMethods corsRules.exposeHeaders corsRules.maxAgeSeconds"
            )
        },
    ),
    Type(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        recorded={NAMES: "bucket region", "no object expires or moves by itself": "rules"},
    ),
    Type(
        "aws:s3/bucketLogging:BucketLogging",
        recorded={NAMES: "bucket", "no access log is written": "targetBucket targetPrefix"},
    ),
    Type(
        "aws:s3/bucketNotification:BucketNotification",
        acts={_SETTINGS + "test_a_written_object_is_told_to_queue_and_topic": "bucket queues topics"},
        recorded={"there is no event bus behind it": "eventbridge"},
    ),
    Type(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        acts={
            _SETTINGS + "test_a_lock_holds_versions_until_who_may_lifts_it": "bucket rule",
            _COPIES + "test_an_object_arrives_as_it_was_written": "region",
        },
    ),
    Type(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        recorded={NAMES: "bucket region", "there is one account": "rule"},
    ),
    Type(
        "aws:s3/bucketPolicy:BucketPolicy",
        acts={
            _ACCESS + "test_a_public_policy_opens_the_bucket_unless_blocked": "bucket policy",
            _COPIES + "test_an_object_arrives_as_it_was_written": "region",
        },
    ),
    Type(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        acts={
            _ACCESS + "test_a_public_policy_opens_the_bucket_unless_blocked": "bucket restrictPublicBuckets",
            _COPIES + "test_an_object_arrives_as_it_was_written": "region",
        },
        recorded={
            "ACLs let nobody in here": "blockPublicAcls ignorePublicAcls",
            "policies are taken": "blockPublicPolicy",
        },
    ),
    Type(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        acts={
            _COPIES + "test_an_object_arrives_as_it_was_written": "bucket rules",
            _COPIES + "test_markers_stay_where_the_rule_leaves_them": "rules.deleteMarkerReplication",
            _COPIES + "test_objects_under_kms_need_a_rule_that_says_so": "rules.sourceSelectionCriteria",
            _COPIES
            + "test_the_highest_priority_decides_for_a_bucket_and_several_buckets_may_receive": "rules.priority",
        },
        recorded={
            "IAM policies are not asked": "role",
            _TOLD: "rules.id",
            _OBJECT: "rules.destination.encryptionConfiguration",
        },
    ),
    Type(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        recorded={NAMES: "bucket region", _OBJECT: "rules"},
    ),
    Type(
        "aws:s3/bucketVersioning:BucketVersioning",
        acts={
            _SETTINGS + "test_versions_outlive_the_suspension_of_versioning": "bucket versioningConfiguration",
            _COPIES + "test_an_object_arrives_as_it_was_written": "region",
        },
    ),
    Type(
        "aws:s3/inventory:Inventory",
        recorded={
            NAMES: "bucket name",
            "no inventory is written": "destination includedObjectVersions optionalFields schedule",
        },
    ),
    Type(
        "aws:cloudfront/distribution:Distribution",
        acts={
            _CDN + "test_the_first_read_misses_and_the_second_hits": "defaultCacheBehavior origins enabled",
            _CDN + "test_plain_requests_are_redirected": (
                "defaultCacheBehavior.viewerProtocolPolicy orderedCacheBehaviors.viewerProtocolPolicy"
            ),
            _CDN + "test_other_methods_are_refused": "defaultCacheBehavior.allowedMethods",
            _CDN + "test_security_headers_are_on_every_answer": "defaultCacheBehavior.responseHeadersPolicyId",
            _CDN + "test_the_root_object_is_the_declared_one": "defaultRootObject",
            _CDN + "test_the_bucket_is_closed_to_everybody_else": "origins.originAccessControlId",
            _CDN + "test_a_behaviour_with_caching_disabled_never_hits": "orderedCacheBehaviors",
            _EDGE + "test_blocked_addresses_are_refused_until_they_are_let_in": "webAclId",
            _EDGE + "test_the_second_origin_answers_for_the_first": "originGroups",
            _EDGE + "test_own_names_are_in_the_certificate": "aliases viewerCertificate.acmCertificateArn",
        },
        recorded={
            TAGS: "tags",
            _TOLD: "comment",
            "HTTP 1.1 and 2 are served": "httpVersion",
            "the platform's network has IPv4 only": "isIpv6Enabled",
            _ALONE: "priceClass restrictions origins.originShield",
            "GET and HEAD are cached": "defaultCacheBehavior.cachedMethods orderedCacheBehaviors.cachedMethods",
            _LOCAL_CERTIFICATE: "viewerCertificate",
            "the edge speaks TLS 1.2 and later to origins": "origins.customOriginConfig.originSslProtocols",
            "an argument of the provider, not of AWS": "waitForDeployment",
        },
    ),
    Type(
        "aws:cloudfront/cachePolicy:CachePolicy",
        acts={
            _CDN + "test_only_the_chosen_query_string_tells_responses_apart": (
                "name parametersInCacheKeyAndForwardedToOrigin"
            ),
            _EDGE + "test_a_response_is_kept_as_policy_and_origin_say": "defaultTtl maxTtl minTtl",
            _EDGE + "test_text_is_compressed_as_the_viewer_accepts": (
                "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingBrotli "
                "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingGzip"
            ),
        },
        recorded={_TOLD: "comment"},
    ),
    Type(
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        acts={
            _CDN + "test_the_bucket_is_closed_to_everybody_else": (
                "name originAccessControlOriginType signingBehavior signingProtocol"
            )
        },
        recorded={_TOLD: "description"},
    ),
    Type(
        "aws:cloudfront/originRequestPolicy:OriginRequestPolicy",
        acts={
            _EDGE + "test_an_origin_sees_what_the_policies_forward": (
                "name cookiesConfig headersConfig queryStringsConfig"
            )
        },
        recorded={_TOLD: "comment"},
    ),
    Type(
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        acts={
            _CDN + "test_security_headers_are_on_every_answer": "name securityHeadersConfig",
            f"{_UNIT}/test_edge.py::TestEdge::test_response_headers_replace_or_fill_in": "customHeadersConfig",
        },
        recorded={_TOLD: "comment"},
    ),
    Type(
        "aws:wafv2/ipSet:IpSet",
        acts={
            _EDGE + "test_blocked_addresses_are_refused_until_they_are_let_in": (
                "addresses ipAddressVersion name scope region"
            )
        },
        recorded={TAGS: "tags", _TOLD: "description"},
    ),
    Type(
        "aws:wafv2/webAcl:WebAcl",
        acts={
            _EDGE + "test_blocked_addresses_are_refused_until_they_are_let_in": (
                "name region scope defaultAction rules.action rules.priority rules.statement.ipSetReferenceStatement"
            ),
            _EDGE + "test_the_emergency_limit_takes_effect_at_once_and_ends": "rules.statement.rateBasedStatement",
        },
        recorded={
            TAGS: "tags",
            _TOLD: "description rules.name",
            _MANAGED: "rules.overrideAction rules.statement.managedRuleGroupStatement",
            "no metric or sample comes from it": "visibilityConfig rules.visibilityConfig",
        },
    ),
    Type(
        "aws:acm/certificate:Certificate",
        acts={_EDGE + "test_own_names_are_in_the_certificate": "domainName subjectAlternativeNames region"},
        recorded={
            TAGS: "tags",
            "issued without a look at its proof": "validationMethod",
        },
    ),
    Type(
        "aws:acm/certificateValidation:CertificateValidation",
        recorded={"issued without a look at its proof": "certificateArn region validationRecordFqdns"},
    ),
    Type(
        "aws:route53/record:Record",
        recorded={"no name is resolved through Route 53": "aliases allowOverwrite name records ttl type zoneId"},
    ),
)
