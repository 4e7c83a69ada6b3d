"""Registration of the spaces of a run in the catalog, before anything is written to them."""

from __future__ import annotations

from engine.encoders import caption_head
from engine.encoders.multi import members_of
from engine.encoders.towers import Towers
from engine.errors import SpaceMismatch
from engine.store import SpaceRole, Writer


def role_of(towers: Towers) -> SpaceRole:
    """Return the query role that the shared space of these towers has in a library."""
    return SpaceRole(
        towers.encoder.name, towers.looks.name, towers.sounds.name, frozenset(towers.modalities)
    )


def register_spaces(writer: Writer, towers: Towers) -> None:
    """Make sure that the catalog has every space of a run that begins.

    Raises:
        SpaceMismatch: a space is of another encoder, revision or dim; or the library has
            got or lost one since the towers were chosen.
    """
    members = members_of(towers)
    ours, theirs = {member.encoder.name for member in members}, writer.serving()
    if theirs - ours or ours - theirs - {members[0].encoder.name}:
        raise SpaceMismatch(f"{writer.path} has got or lost a space since this began; run it again")
    for member in members:
        captions = member.shared.name + caption_head.SUFFIX
        if writer.has_space(captions) != (member.captions is not None):
            raise SpaceMismatch(f"{writer.path} was aligned since this began; run it again")
        for space in member.spaces:
            writer.ensure_space(space, role_of(member) if space == member.shared else None)
