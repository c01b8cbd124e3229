@noskip
Feature: Events and notices get through
  Rows A4.5, A4.7 and C4 of the specification.

  Scenario: What EventBridge cannot deliver is kept
    Given I have aws_cloudwatch_event_target defined
    When its target_id is "^(queue|router)$" regex
    Then it must have dead_letter_config

  Scenario: EventBridge tries again
    Given I have aws_cloudwatch_event_target defined
    When its target_id is "^(queue|router)$" regex
    Then it must have retry_policy
    And it must have maximum_retry_attempts
    And its value must be greater than 0

  Scenario: A function that fails keeps what it could not do
    Given I have aws_lambda_function defined
    Then it must have dead_letter_config

  Scenario: Functions are traced
    Given I have aws_lambda_function defined
    Then it must have tracing_config
    And it must have mode
    And its value must be Active

  Scenario: Dead letters are kept for 14 days
    Given I have aws_sqs_queue defined
    When its name is ".*(dead|undelivered)" regex
    Then it must have message_retention_seconds
    And its value must be equal to 1209600

  Scenario Outline: There is a topic for <severity>
    Given I have aws_sns_topic defined
    Then it must have name
    And any of its values must match the ".*-<severity>$" regex

    Examples:
      | severity |
      | info     |
      | warning  |
      | critical |
      | fatal    |

  Scenario: The function that posts into Slack hears the topics
    Given I have aws_sns_topic_subscription defined
    Then it must have protocol
    And any of its values must match the "^lambda$" regex

  Scenario: A silent agent is an alarm
    Given I have aws_cloudwatch_metric_alarm defined
    When its alarm_name is ".*-down$" regex
    Then it must have treat_missing_data
    And its value must be breaching

  Scenario: Alarms tell somebody
    Given I have aws_cloudwatch_metric_alarm defined
    Then it must have alarm_description
    And its value must match the "\S" regex
