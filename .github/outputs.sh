#!/bin/bash
# What a deployment says of itself before it is changed; empty where it is not there yet.
set -euo pipefail

# As JSON: without any output, `-raw` prints its warning in the place of a value.
terraform -chdir="${1:?folder of the environment}" output -json \
  | jq --raw-output '
      def value(name): .[name].value // "";
      "web=\(value("web_image_digest"))",
      "master=\(value("master_image_digest"))",
      "migrate_document=\(value("migrate_document"))",
      "url=\(value("url"))"'
