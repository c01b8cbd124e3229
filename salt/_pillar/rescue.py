"""Hand a minion its own active execution, and nothing else, by on-demand pillar.

The master must allow it; as a normal ext_pillar it gives nothing, so that no pillar render asks
the ledger:

.. code-block:: yaml

    on_demand_ext_pillar:
      - rescue

Salt encrypts a pillar for the minion that asked, so work for one minion cannot be read by another.
"""

import logging
import os
import re

from rescuebot import database, logs, previewing, settings, tracking
from rescuebot.errors import Halted, RescueError

log = logging.getLogger(__name__)

DISPATCH = re.compile(r"[0-9a-f]{32}")
PROBE = re.compile(r"[A-Za-z0-9-]{1,64}")


def ext_pillar(minion_id, pillar, dispatch=None, probe=None, preview=False):
    """The work of `minion_id` under a dispatch id; a probe comes back as it was sent.

    With `preview` the id is that of a preview: what the minion is only to look at.
    """
    if isinstance(probe, str) and PROBE.fullmatch(probe):
        return {"rescue": {"probe": probe}}
    if dispatch is None:
        return {}
    if not isinstance(dispatch, str) or not DISPATCH.fullmatch(dispatch):
        return _refused("the dispatch id is not one of ours")
    logs.configure()
    try:
        config = settings.load(block=__opts__.get("rescue"), environ=os.environ)
        ledger = database.shared(config.database)
        hand_out = previewing.hand_out if preview is True else tracking.hand_out
        work = hand_out(dispatch_id=dispatch, minion_id=minion_id, database=ledger)
    except Halted as halted:
        log.warning("no work for %s: %s", minion_id, halted)
        return _refused(halted.message, halted=True)
    except RescueError as error:
        log.warning("no work for %s: %s", minion_id, error)
        return _refused("the ledger cannot be reached now", again=True)
    if work is None:
        log.warning("minion %s asked for work that is not its own or has ended", minion_id)
        return _refused("no active execution of this dispatch for this minion")
    return {"rescue": {"work": work}}


def _refused(words, again=False, halted=False):
    return {"rescue": {"refused": words, "again": again, "halted": halted}}
