"""Asks STS who it is, with what credentials the environment leads boto3 to."""

import boto3

print(boto3.client("sts").get_caller_identity()["Arn"], end="")
