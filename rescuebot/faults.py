"""Named instants in an event's life, at which the fault suite ends the process.

Nothing happens at them unless the environment names a folder in ``DEVSTACK_FAULTS``, which only the
embedded world of the tests does. A file there with the name of a point kills whoever reaches it
first: the one that manages to remove the file.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

FOLDER = "DEVSTACK_FAULTS"

# In the order of an event's life. Those in the transaction come before its commit.
POINTS = (
    "intake.received",
    "intake.recorded",
    "intake.committed",
    "intake.deleted",
    "intake.hinted",
    "handle.claimed",
    "handle.planned",
    "handle.committed",
    "dispatch.taken",
    "dispatch.committed",
    "dispatch.published",
    "dispatch.noted",
    "handout.started",
    "handout.committed",
    "record.read",
    "record.settled",
    "record.committed",
)
# Of a notice's life, which is beside an event's.
NOTICE_POINTS = ("notify.claimed", "notify.sent", "notify.noted", "notify.committed")


def point(name: str) -> None:
    """This instant has been reached."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    directive = Path(folder, name)
    try:
        words = directive.read_text().split()
        directive.unlink()
    except OSError:  # nothing is to happen here, or it has happened to somebody else
        return
    if words[:1] == ["pause"]:
        time.sleep(float(words[1]))
    else:
        os.kill(os.getpid(), signal.SIGKILL)
