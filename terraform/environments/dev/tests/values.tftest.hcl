# What an environment refuses before it asks AWS for anything. prod has the same variables.
mock_provider "aws" {}

run "what_would_build_the_wrong_thing_is_refused" {
  command = plan
  variables {
    environment         = "stage"
    account_id          = "1234"
    availability_zones  = ["us-east-1a", "us-east-1b"]
    web_image_digest    = "latest"
    master_image_digest = ""
  }
  expect_failures = [
    var.environment,
    var.account_id,
    var.availability_zones,
    var.web_image_digest,
    var.master_image_digest,
  ]
}
