@noskip
Feature: The ledger
  Row A4.2 of the specification.

  Scenario: It is MySQL
    Given I have aws_db_instance defined
    When its backup_retention_period is not 0
    Then it must have engine
    And its value must be mysql

  @prod
  Scenario: It outlives the loss of a zone
    Given I have aws_db_instance defined
    When its address is module.database.aws_db_instance.this
    Then it must have multi_az
    And its value must be True

  Scenario: Backups are kept for 7 days
    Given I have aws_db_instance defined
    When its address is module.database.aws_db_instance.this
    Then it must have backup_retention_period
    And its value must be equal to 7

  @prod
  Scenario: A replica serves the dashboard
    Given I have aws_db_instance defined
    When I count them
    Then I expect the result is equal to 2

  Scenario: It is encrypted
    Given I have aws_db_instance defined
    Then it must have storage_encrypted
    And its value must be True

  Scenario: It has no public address
    Given I have aws_db_instance defined
    Then it must have publicly_accessible
    And its value must be False

  Scenario: Nobody talks to it without TLS
    Given I have aws_db_parameter_group defined
    Then it must have parameter
    When its name is require_secure_transport
    Then it must have value
    And its value must match the "^(1|ON)$" regex

  @prod
  Scenario: It cannot be deleted by mistake
    Given I have aws_db_instance defined
    When its address is module.database.aws_db_instance.this
    Then it must have deletion_protection
    And its value must be True
