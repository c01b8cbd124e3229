@noskip
Feature: The machines
  Rows A4.1, A5 and A6 of the specification.

  @dev
  Scenario: dev runs on t3.micro
    Given I have aws_launch_template defined
    Then it must have instance_type
    And its value must be t3.micro

  @prod
  Scenario: prod runs on t3.medium
    Given I have aws_launch_template defined
    Then it must have instance_type
    And its value must be t3.medium

  @prod
  Scenario: prod has two instances of the API at least
    Given I have aws_autoscaling_group defined
    When its address is module.web.aws_autoscaling_group.this
    Then it must have min_size
    And its value must be equal to 2

  @prod
  Scenario: prod has five instances of the API at most
    Given I have aws_autoscaling_group defined
    When its address is module.web.aws_autoscaling_group.this
    Then it must have max_size
    And its value must be equal to 5

  Scenario: Instances are replaced one after another
    Given I have aws_autoscaling_group defined
    Then it must have instance_refresh
    And it must have strategy
    And its value must be Rolling

  Scenario: A failed replacement is rolled back
    Given I have aws_autoscaling_group defined
    When its address is module.web.aws_autoscaling_group.this
    Then it must have instance_refresh
    And it must have auto_rollback
    And its value must be True

  Scenario: Instances know only the second version of the metadata service
    Given I have aws_launch_template defined
    Then it must have metadata_options
    And it must have http_tokens
    And its value must be required

  Scenario: Instances have no public address
    Given I have aws_launch_template defined
    Then it must have network_interfaces
    And it must have associate_public_ip_address
    And its value must match the "(?i)^false$" regex

  Scenario: Disks of instances are encrypted
    Given I have aws_launch_template defined
    Then it must have block_device_mappings
    And it must have encrypted
    And its value must match the "(?i)^true$" regex

  Scenario: Tags of images are never given twice
    Given I have aws_ecr_repository defined
    Then it must have image_tag_mutability
    And its value must be IMMUTABLE

  Scenario: Images are scanned when they come
    Given I have aws_ecr_repository defined
    Then it must have image_scanning_configuration
    And it must have scan_on_push
    And its value must be True
