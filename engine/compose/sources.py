"""The files that a page is made of, with the rights that they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from engine.assistant.evidence import EvidencePassage
from engine.common.markup import Html, element, join
from engine.compose.context import ComposeContext
from engine.compose.document import name_of
from engine.media.rights import Rights, rights_of


def rights_line(rights: Rights) -> str:
    """Return what a file says of its author and its licence."""
    if not rights:
        return "The file names no author and no licence."
    parts = [
        f"by {rights.artist}" if rights.artist else "",
        rights.holder or "",
        f"licence: {rights.licence}" if rights.licence else "",
    ]
    return "; ".join(filter(None, parts))


def source_list(context: ComposeContext, passages: Sequence[EvidencePassage]) -> Html:
    """List each file once: those that name an author or a licence, then the others in a line."""
    files = {passage.asset_id: passage for passage in passages}
    assets = context.store.whole_assets(files)
    named, others = [], []
    for asset_id, passage in sorted(files.items(), key=lambda item: item[1].path):
        rights = rights_of(Path(passage.path), passage.kind)
        if not rights:
            others.append(element("bdi", name_of(passage.path), title=_folder(passage.path)))
            continue
        asset = assets.get(asset_id)
        made = f", {asset.taken_at[:10]}" if asset is not None and asset.taken_at else ""
        named.append(
            element(
                "li",
                element("b", name_of(passage.path), dir="auto"),
                made,
                element("span", rights_line(rights), class_="path"),
                element("span", _folder(passage.path), class_="path", dir="auto"),
            )
        )
    listed = element("ul", *named, class_="moments") if named else Html("")
    if not others:
        return listed
    count = "This file names" if len(others) == 1 else f"These {len(others)} files name"
    return Html(
        listed
        + element(
            "p", f"{count} no author and no licence: ", join(tuple(others), ", "), class_="note"
        )
    )


def _folder(path: str) -> str:
    return str(PurePath(path).parent).encode("utf-8", "replace").decode()
