"""A generated password that is rotated by raising `generation`, as an environment variable for pods."""

import pulumi

from components.secrets import Credential, CredentialArgs, DeliveredSecret, DeliveredSecretArgs

config = pulumi.Config()

login = Credential(
    "login",
    CredentialArgs(
        identifier="example/login",
        description="Login of the example",
        key="password",
        fixed={"username": "example"},
        generation=config.get_int("generation") or 1,
    ),
)
delivered = DeliveredSecret(
    "delivered",
    DeliveredSecretArgs(identifier="login", namespace=config.require("namespace"), data={"PASSWORD": login.value}),
)
pulumi.export("secret", delivered.identifier)
pulumi.export("secretArn", login.secret_arn)
