"""A pool of connections to a database's read replicas, for pods of one namespace."""

import pulumi

from components.database import PostgresCluster, PostgresClusterArgs
from components.network import StoreAccess
from components.reader_pool import ReaderPool, ReaderPoolArgs, readers_of
from components.stateless_service import Surroundings
from components.workload_identity import TokenIssuer

config = pulumi.Config()

database = PostgresCluster(
    "database",
    PostgresClusterArgs(
        identifier="example-database",
        secret_identifier="example/database",
        access=StoreAccess(
            vpc_id=config.require("vpcId"),
            subnet_ids=config.require_object("subnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
        zones=config.require_object("zones"),
    ),
)
pool = ReaderPool(
    "readers",
    ReaderPoolArgs(
        identifier="readers",
        readers=readers_of(database),
        image=config.require("image"),
        surroundings=Surroundings(
            system="example",
            prefix="example",
            namespace=config.require("namespace"),
            issuer=TokenIssuer(config.require("issuer"), config.require("issuerArn")),
            certificates=config.require("certificates"),
        ),
        tls_secret=config.require("tlsSecret"),
    ),
)
pulumi.export("readers", pool.outputs)
