#!/bin/bash
# Both images of a commit in ECR, and their digests: `web=sha256:…` and `master=sha256:…` on stdout, the rest on stderr.
# Tags are immutable, so an image that is there is the image of that commit, and is not built again.
set -euo pipefail

name=${1:?name of the deployment} revision=${2:?commit}
account=$(aws sts get-caller-identity --query Account --output text)
registry=$account.dkr.ecr.$AWS_REGION.amazonaws.com

aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" >&2

digest() {
  aws ecr describe-images --repository-name "$1" --image-ids "imageTag=$revision" \
    --query 'imageDetails[0].imageDigest' --output text 2>/dev/null
}

for kind in web master; do
  repository=$name-$kind
  target=$kind
  [ "$kind" = web ] && target=runtime
  if ! digest "$repository" >/dev/null; then
    # Without attestations beside it: the digest is then the image's own, and machines pull exactly that.
    docker build --provenance=false --target "$target" --build-arg "REVISION=$revision" \
      --tag "$registry/$repository:$revision" . >&2
    docker push --quiet "$registry/$repository:$revision" >&2
  fi
  found=$(digest "$repository")
  [[ $found =~ ^sha256:[0-9a-f]{64}$ ]]
  echo "$kind=$found"
done
