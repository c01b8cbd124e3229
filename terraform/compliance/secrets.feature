@noskip
Feature: What is stored is encrypted, and kept no longer than wanted
  Rows A4.4 and A4.5 of the specification.

  @dev
  Scenario: Logs of dev are kept for days
    Given I have aws_cloudwatch_log_group defined
    Then it must have retention_in_days
    And its value must be less and equal to 7

  @prod
  Scenario: Logs of prod are kept for weeks
    Given I have aws_cloudwatch_log_group defined
    Then it must have retention_in_days
    And its value must match the "^(15|30)$" regex

  Scenario: Keys are changed every year
    Given I have aws_kms_key defined
    Then it must have enable_key_rotation
    And its value must be True

  Scenario Outline: Buckets refuse <property>
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have <property>
    And its value must be True

    Examples:
      | property                |
      | block_public_acls       |
      | block_public_policy     |
      | ignore_public_acls      |
      | restrict_public_buckets |

  Scenario: The archive keeps versions
    Given I have aws_s3_bucket_versioning defined
    When its address is module.archive.module.private.aws_s3_bucket_versioning.this
    Then it must have versioning_configuration
    And it must have status
    And its value must match the "^Enabled$" regex

  Scenario Outline: Everything says whose it is, by the tag <tag>
    Given I have resource that supports tags_all defined
    Then it must have tags_all
    And it must have <tag>

    Examples:
      | tag         |
      | Project     |
      | Environment |
      | ManagedBy   |
