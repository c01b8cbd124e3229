@noskip
Feature: The network is closed, but for the load balancer
  Rows A4.3 of the specification.

  Scenario: The VPC is 10.0.0.0/16
    Given I have aws_vpc defined
    Then it must have cidr_block
    And its value must be 10.0.0.0/16

  Scenario: Nothing but 80 and 443 is open to the world
    Given I have aws_vpc_security_group_ingress_rule defined
    When its cidr_ipv4 is 0.0.0.0/0
    Then it must have to_port
    And its value must match the "^(80|443)$" regex

  Scenario: Flask is reached through the load balancer only
    Given I have aws_vpc_security_group_ingress_rule defined
    When its to_port is 5000
    Then it must have cidr_ipv4
    And its value must be null

  Scenario: MySQL is reached from security groups only
    Given I have aws_vpc_security_group_ingress_rule defined
    When its to_port is 3306
    Then it must have cidr_ipv4
    And its value must be null

  Scenario: SSH is reached from inside the VPC only
    Given I have aws_vpc_security_group_ingress_rule defined
    When its to_port is 22
    Then it must have cidr_ipv4
    And its value must match the "^10\.0\." regex

  Scenario: No subnet hands out public addresses
    Given I have aws_subnet defined
    Then it must have map_public_ip_on_launch
    And its value must not be True

  @dev
  Scenario: One NAT gateway is enough for dev
    Given I have aws_nat_gateway defined
    When I count them
    Then I expect the result is equal to 1

  @prod
  Scenario: prod has a NAT gateway in each zone
    Given I have aws_nat_gateway defined
    When I count them
    Then I expect the result is equal to 2
