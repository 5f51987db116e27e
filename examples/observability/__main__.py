"""What a service promises, and somebody who is told when its error budget burns."""

import pulumi

from components.alarms import AlarmTopic, AlarmTopicArgs
from components.observability import Observability, ObservabilityArgs
from components.pod_logs import PodLogsArgs
from components.slo import SloArgs

config = pulumi.Config()
account, region = config.require("account"), pulumi.Config("aws").require("region")

topic = AlarmTopic(
    "alarms",
    AlarmTopicArgs(identifier="example-alarms", account=account, notify=config.get_object("notify") or ()),
)
watched = Observability(
    "watched",
    ObservabilityArgs(
        identifier="example",
        namespace="shop",
        topic_arn=topic.arn,
        logs=PodLogsArgs(identifier="example", account=account, region=region),
        slos={"orders": SloArgs(availability_percent=99.9, p99_milliseconds=500)},
    ),
)
pulumi.export("observability", watched.outputs)
