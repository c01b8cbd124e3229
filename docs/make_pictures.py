"""Draw the pictures of the documents from what the library really does: docs/pictures/*.svg."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import matplotlib

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402
from pydantic import SecretStr  # noqa: E402

from devstack.storm import Storm  # noqa: E402
from rescuebot import migrations  # noqa: E402
from rescuebot.database import Database  # noqa: E402
from rescuebot.settings import DatabaseSettings, GuardSettings, Settings  # noqa: E402

PICTURES = ROOT / "docs/pictures"
PERCENT = 10
INK, REPAIR, HELD, FIXED = "#232f3e", "#d45b07", "#8c6bb1", "#1a7f5a"
# The same picture for the same numbers: no random ids, no date.
STYLE = {
    "svg.hashsalt": "rescuebot",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def storm() -> Storm:
    """Two hundred servers at once, as tests/integration/test_storm.py has them."""
    with tempfile.TemporaryDirectory() as folder:
        url = SecretStr(f"sqlite:///{folder}/rescue.db")
        database = Database(DatabaseSettings(url=url))
        migrations.upgrade(database)
        settings = Settings(guard=GuardSettings(blast_percent=PERCENT))
        found = Storm(database=database, settings=settings)
        found.run()
        database.dispose()
    return found


def draw_storm(found: Storm) -> None:
    """Above: how many are in repair, with the limit. Below: who waits, who is done."""
    limit = found.servers * PERCENT // 100
    seconds = [sample.second for sample in found.samples]
    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(9, 5.6), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    repairing = [sample.repairing for sample in found.samples]
    above.fill_between(seconds, repairing, step="post", color=REPAIR, alpha=0.35, linewidth=0)
    above.step(seconds, repairing, where="post", color=REPAIR, linewidth=1.5)
    above.axhline(limit, color=INK, linestyle="--", linewidth=1)
    above.text(seconds[-1], limit + 0.6, f"limit: {limit}", ha="right")
    jobs = [(at - found.fleet.jobs[0][0]).total_seconds() for at, _, _ in found.fleet.jobs]
    above.plot(jobs, [0] * len(jobs), "^", color=INK, markersize=6, clip_on=False)
    above.set(ylim=(0, limit * 1.3), ylabel="servers in repair")
    above.set_title(
        f"{found.servers} servers of one service alarm at once, blast radius {PERCENT} %: "
        f"{len(jobs)} publications (▲)",
        loc="left",
        fontsize=12,
    )
    below.step(seconds, [s.held for s in found.samples], where="post", color=HELD)
    below.step(seconds, [s.ended for s in found.samples], where="post", color=FIXED)
    below.text(seconds[len(seconds) // 4], found.servers * 0.8, "held", color=HELD)
    below.text(
        seconds[3 * len(seconds) // 4], found.servers * 0.8, "fixed", color=FIXED, ha="right"
    )
    below.set(ylim=(0, found.servers * 1.08), ylabel="servers", xlabel="seconds (simulated)")
    PICTURES.mkdir(exist_ok=True)
    figure.savefig(PICTURES / "storm.svg", metadata={"Date": None})


if __name__ == "__main__":
    with pyplot.rc_context(STYLE):
        draw_storm(storm())
    print("wrote docs/pictures/storm.svg")
