@noskip
Feature: What stands before the API
  Rows A4.1 and A4.4 of the specification.

  Scenario: The load balancer is an application load balancer
    Given I have aws_lb defined
    Then it must have load_balancer_type
    And its value must be application

  Scenario: It drops headers that are no headers
    Given I have aws_lb defined
    Then it must have drop_invalid_header_fields
    And its value must be True

  Scenario: HTTP only leads to HTTPS
    Given I have aws_lb_listener defined
    When its protocol is HTTP
    Then it must have default_action
    And it must have type
    And its value must be redirect

  Scenario: HTTPS is TLS 1.2 or newer
    Given I have aws_lb_listener defined
    When its protocol is HTTPS
    Then it must have ssl_policy
    And its value must match the "^ELBSecurityPolicy-TLS13-1-[23]" regex

  Scenario: Health is asked at /health
    Given I have aws_lb_target_group defined
    Then it must have health_check
    And it must have path
    And its value must be /health

  Scenario Outline: The web ACL holds <what>
    Given I have aws_wafv2_web_acl defined
    Then it must have managed_rule_group_statement
    And any of its values must match the "^<group>$" regex

    Examples:
      | what           | group                                 |
      | SQL injection  | AWSManagedRulesSQLiRuleSet            |
      | XSS            | AWSManagedRulesCommonRuleSet          |
      | known attacks  | AWSManagedRulesKnownBadInputsRuleSet  |
      | bad addresses  | AWSManagedRulesAmazonIpReputationList |

  Scenario: The web ACL limits the rate of an address
    Given I have aws_wafv2_web_acl defined
    Then it must have rate_based_statement
    And it must have limit
    And its value must be less and equal to 10000
