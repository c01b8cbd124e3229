# What which minion is told. Salt compiles it for each minion apart, so no minion sees another's.
#
# The grain rescue:environment, set in the minion's configuration, chooses the policy; a minion that
# does not say it is treated as prod. A minion may lie about its grains, so nothing secret is told by
# them, and a policy only limits what is done on that minion itself.
base:
  '*':
    - services
  'G@rescue:environment:dev':
    - match: compound
    - policy.dev
  'not G@rescue:environment:dev':
    - match: compound
    - policy.prod
