#!/bin/bash
# `terraform init` in the folder of an environment, with the state that terraform/bootstrap has made.
set -euo pipefail

terraform init -input=false -backend-config="bucket=${STATE_BUCKET:?variable of the repository}" \
  -backend-config="region=$AWS_REGION" -backend-config="kms_key_id=${STATE_KEY:?variable of the repository}"
