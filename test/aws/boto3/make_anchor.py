"""Makes a trust anchor and a profile by boto3, and prints how it reads what is there: by names, in JSON."""
import json
import sys

import boto3

name, certificate, role = sys.argv[1:]
client = boto3.client("rolesanywhere")
source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": certificate}}
client.create_trust_anchor(name=name, source=source, enabled=True)
client.create_profile(name=name, roleArns=[role], enabled=True)
anchors = client.get_paginator("list_trust_anchors").paginate().build_full_result()["trustAnchors"]
profiles = client.get_paginator("list_profiles").paginate().build_full_result()["profiles"]
print(
    json.dumps(
        {
            "anchors": {one["name"]: one["source"] for one in anchors},
            "profiles": {one["name"]: one["roleArns"] for one in profiles},
        }
    )
)
