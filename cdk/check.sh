#!/bin/sh
# What can be known of the stacks without AWS: types, tests, both environments made and looked over by cdk-nag,
# and their templates by cfn-lint. `make test-cdk` runs it.
set -eu
cd "$(dirname "$0")"

# cfn-lint is Python; the infrastructure's own environment has it.
lint=${RESCUE_CFN_LINT:-../.venv-infra/bin/cfn-lint}
made=cdk.out

npm --silent run lint
if command -v hadolint >/dev/null; then
    hadolint toolbox/Dockerfile
else
    echo "hadolint: SKIPPED, because it is not in PATH: \`make setup\` installs it."
fi
npm --silent test
for environment in dev prod; do
    # A finding of cdk-nag is an error here, and nothing is asked of the network.
    npm --silent run cdk -- synth --quiet --no-notices --no-version-reporting \
        --context environment="$environment" --output "$made/$environment"
done
if [ -x "$lint" ]; then
    "$lint" --regions ap-northeast-1 --config-file .cfnlintrc -- "$made"/*/*.template.json
    echo "cfn-lint: clean"
else
    echo "cfn-lint: SKIPPED, because $lint is not there: \`make infra\` sets it up, or RESCUE_CFN_LINT names it."
fi
