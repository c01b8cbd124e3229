# The ledger: without it nothing is decided.

locals {
  # Of each instance: metric, limit, whether less is worse.
  of_database = { for key, database in var.databases : key => merge(
    {
      "cpu"         = { metric = "CPUUtilization", statistic = "Average", below = false, threshold = 80, periods = 3, description = "is busy for more than 80 % since 15 minutes" }
      "storage"     = { metric = "FreeStorageSpace", statistic = "Minimum", below = true, threshold = database.free_storage, periods = 1, description = "has little room left; when it is full it stops" }
      "memory"      = { metric = "FreeableMemory", statistic = "Minimum", below = true, threshold = database.free_memory, periods = 3, description = "has little memory left" }
      "connections" = { metric = "DatabaseConnections", statistic = "Maximum", below = false, threshold = database.max_connections, periods = 2, description = "has nearly as many connections as it takes" }
    },
    database.replica ? {
      "lag" = { metric = "ReplicaLag", statistic = "Maximum", below = false, threshold = 60, periods = 2, description = "is more than a minute behind: the dashboard shows what was" }
    } : {},
  ) }

  ledger = merge([
    for key, alarms in local.of_database : {
      for what, alarm in alarms : "ledger-${key}-${what}" => {
        description = "The database ${var.databases[key].identifier} ${alarm.description}."
        namespace   = "AWS/RDS"
        metric      = alarm.metric
        dimensions  = { DBInstanceIdentifier = var.databases[key].identifier }
        statistic   = alarm.statistic
        below       = alarm.below
        threshold   = alarm.threshold
        period      = 300
        periods     = alarm.periods
        # A database that says nothing is told by the API and the engine, which need it; a failover is short.
        missing = "missing"
      }
    }
  ]...)
}
