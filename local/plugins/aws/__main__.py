"""`python -m local.plugins.aws`: the plugin process that the engine starts."""

from local.plugins.aws.provider import AwsProvider
from local.plugins.server import serve

if __name__ == "__main__":
    serve(AwsProvider())
