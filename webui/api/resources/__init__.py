"""The resources of the API, a file each."""

from __future__ import annotations

from webui.api.resources import (
    advice,
    approvals,
    archives,
    audit,
    auth,
    commands,
    dashboard,
    dead_letters,
    decisions,
    doctor,
    events,
    executions,
    halts,
    health,
    keys,
    logs,
    me,
    notices,
    runbooks,
    servers,
    settings,
    slack,
    stream,
    users,
    values,
    windows,
)

BLUEPRINTS = tuple(
    module.door
    for module in (
        auth,
        me,
        dashboard,
        events,
        executions,
        logs,
        decisions,
        approvals,
        advice,
        notices,
        runbooks,
        commands,
        servers,
        windows,
        halts,
        dead_letters,
        archives,
        users,
        keys,
        audit,
        doctor,
        settings,
        stream,
        values,
        slack,
        health,
    )
)
