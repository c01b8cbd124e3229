"""A ledger of many events in MariaDB, made by the server itself from its sequence tables.

The values of a row are hashes of its number, so that each run makes the same ones; the times end
at the moment it is made. Every 100,000th event has a rare service, source and type.
"""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from rescuebot import migrations
from rescuebot.database import Database

_CHUNK = 500_000
DAYS = 90
SERVERS = 2_000
# Sorting for the indexes, and writing no more than a bulk load needs.
OPTIONS = (
    "--innodb-buffer-pool-size=2G",
    "--innodb-log-file-size=1G",
    "--innodb-sort-buffer-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
)

_EVENTS = """
INSERT INTO cloudwatch_event
  (id, event_source, event_type, severity, server_id, event_message, event_time, status,
   message_id, alarm_name, service_type, occurrences, last_seen_at, received_at, hints,
   outcome, resolved_at, deleted_at, raw)
SELECT id,
  IF(is_rare, 'custom.rare', IF(e < 80, 'EC2', IF(e < 95, 'RDS', 'CloudWatch'))), type, severity,
  server, CONCAT('Threshold Crossed: 1 datapoint [', e, '.', s, '] of ', type, ' on ', server,
                 ' was greater than the threshold; trace ', MD5(id)),
  at, status, CONCAT('bench-', id), CONCAT(type, '-', server),
  service, 1, at, at + INTERVAL 5 SECOND, 0,
  CASE WHEN status IN ('new', 'processing') THEN NULL
       WHEN status = 'failed' THEN ELT(1 + e % 3, 'no_runbook', 'changed_not_fixed', 'timeout')
       WHEN o < 60 THEN 'fixed' WHEN o < 80 THEN 'recovered' WHEN o < 90 THEN 'suppressed'
       ELSE 'nothing_to_fix' END,
  IF(status IN ('new', 'processing'), NULL, at + INTERVAL (25 + s % 300) SECOND),
  IF(id % 10007 = 0, at + INTERVAL 1 DAY, NULL), '{{}}'
FROM (
  SELECT id, at, e, s, o, is_rare,
    IF(is_rare, 'rare_type', ELT(1 + t, 'process_down', 'cpu_high', 'disk_full', 'memory_high',
      'status_check', 'connections', 'latency', 'errors', 'replica_lag', 'queue_depth')) AS type,
    ELT(1 + (v >= 70) + (v >= 90) + (v >= 98), 'info', 'warning', 'critical', 'fatal') AS severity,
    CONCAT('i-', LPAD(HEX(FLOOR(POW(h / 1e6, 1.5) * {servers})), 17, '0')) AS server,
    IF(is_rare, 'rare', CONCAT('service-', FLOOR(POW(c / 1e6, 1.5) * 20))) AS service,
    CASE WHEN w < 5 THEN 'new' WHEN w < 10 THEN 'processing' WHEN w < 500 THEN 'failed'
         ELSE 'resolved' END AS status
  FROM (
    SELECT seq AS id, seq % 100000 = 7 AS is_rare,
      UTC_TIMESTAMP(6) - INTERVAL FLOOR(({size} - seq) * {seconds} * 1e6 / {size}
        + CRC32(CONCAT('j', seq)) % 20000000) MICROSECOND AS at,
      CRC32(CONCAT('v', seq)) % 100 AS v, CRC32(CONCAT('h', seq)) % 1000000 AS h,
      CRC32(CONCAT('c', seq)) % 1000000 AS c, CRC32(CONCAT('t', seq)) % 10 AS t,
      CRC32(CONCAT('w', seq)) % 10000 AS w, CRC32(CONCAT('e', seq)) % 100 AS e,
      CRC32(CONCAT('s', seq)) % 10000 AS s, CRC32(CONCAT('o', seq)) % 100 AS o
    FROM seq_{first}_to_{last}
  ) AS numbers
) AS drawn
"""

# Every tenth event has an execution.
_EXECUTIONS = """
INSERT INTO execution
  (cloudwatch_event_id, server_id, minion_id, service_type, solution_kind, solution_name, pinned,
   pinned_sha256, state, approval_owed, attempt, attempts, retry_seconds, waits, module_synced,
   limit_seconds, verify_seconds, requested_by, planned_at, not_before, finished_at, verdict)
SELECT id, server_id, server_id, service_type, 'state', 'rescue.service', '{{}}', '',
  IF(status = 'new', 'held', IF(status = 'processing', 'running',
     IF(status = 'failed', 'failed', 'success'))),
  0, 1, 1, 0, 0, 0, 300, 30, 'rescuebot', received_at, received_at, resolved_at, outcome
FROM cloudwatch_event WHERE id % 10 = 0 AND id BETWEEN {first} AND {last}
"""


def fill(database: Database, *, size: int) -> None:
    """Make the tables, `size` events and a tenth as many executions, and then the indexes."""
    migrations.upgrade(database)
    with database.engine.connect() as connection:
        indexes = _indexes(connection)
        _drop_indexes(connection, list(indexes))
        connection.exec_driver_sql("SET unique_checks = 0, foreign_key_checks = 0")
        for first in range(1, size + 1, _CHUNK):
            last = min(size, first + _CHUNK - 1)
            for statement in (_EVENTS, _EXECUTIONS):
                drawn = {"size": size, "seconds": DAYS * 86_400, "servers": SERVERS}
                connection.execute(text(statement.format(first=first, last=last, **drawn)))
            connection.commit()
        _add_indexes(connection, indexes)
        connection.exec_driver_sql("ANALYZE TABLE cloudwatch_event, execution")


def _indexes(connection: Connection) -> dict[str, str]:
    """The clauses that make the secondary indexes of the events, by name."""
    found = {}
    for index in inspect(connection).get_indexes("cloudwatch_event"):
        kind = "UNIQUE INDEX" if index["unique"] else "INDEX"
        found[str(index["name"])] = f"{kind} {index['name']} ({', '.join(_named(index))})"
    return found


def _named(index: object) -> list[str]:
    return [str(column) for column in index["column_names"]]  # type: ignore[index]


def _drop_indexes(connection: Connection, names: list[str]) -> None:
    dropped = ", ".join(f"DROP INDEX {name}" for name in names)
    connection.exec_driver_sql(f"ALTER TABLE cloudwatch_event {dropped}")


def _add_indexes(connection: Connection, indexes: dict[str, str]) -> None:
    """Sorted and built at once, which is several times as fast as row by row."""
    added = ", ".join(f"ADD {clause}" for clause in indexes.values())
    connection.exec_driver_sql(f"ALTER TABLE cloudwatch_event {added}")
