"""The commands of `sensorium curate`, all in their group."""

from __future__ import annotations

from engine.commands.curate.copies import duplicates, leaks, semdedup
from engine.commands.curate.files import alignment, captions, mislabeled, quality
from engine.commands.curate.group import curate
from engine.commands.curate.select import select
from engine.commands.curate.sets import clusters, outliers

for _command in (
    duplicates, semdedup, leaks, outliers, clusters, quality, captions, mislabeled, select,
):  # fmt: skip
    curate.add_command(_command)
curate.add_command(alignment, "alignment")
