"""Export as sidecars: an XMP and a JSON for each file that has a caption or tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import PurePath
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from engine.common.json_text import parseable
from engine.exchange.formats.writer import Format, LeftOut
from engine.exchange.output_folder import OutputFolder
from engine.exchange.records import Item
from engine.store import SpaceInfo

_LONGEST_NAME = 255
"""Bytes of a file's name that file systems take."""
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (2.2) has no place for."""


class SidecarsWriter(Format):
    """Writes ``NAME.xmp`` and ``NAME.json`` of each file, in folders that are those of the disk.

    They are what photo managers (digiKam, darktable, Lightroom, Immich), exiftool and this
    program read beside a file. The XMP has ``dc:description`` and ``dc:subject`` (XMP 1.0, ISO
    16684-1), the JSON the keys of Google Takeout.
    """

    name = "sidecars"
    reads = (
        "photo managers, exiftool and `sensorium index`, once they are beside the files: folders"
        " below `files` are those of the disk, so `cp -rn files/. /` puts each beside its file and"
        " replaces none."
    )
    vectors = False

    def __init__(self, draft: OutputFolder, spaces: Sequence[SpaceInfo]) -> None:
        super().__init__(draft, spaces)
        self._program = f"Sensorium {metadata.version('sensorium')}"

    def add(self, item: Item, key: str) -> None:  # noqa: ARG002
        if not item.asset.caption and not item.tags:
            raise LeftOut("has neither a caption nor tags")
        path = PurePath(item.asset.path)
        if len(f"{path.name}.json".encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
            raise LeftOut("has a name that leaves no room for a sidecar's")
        beside = f"files/{path.relative_to(path.anchor)}"
        self.draft.text(f"{beside}.xmp", "".join(self._xmp(item)))
        self.draft.json(f"{beside}.json", parseable(self._facts(item, path.name)))

    def finish(self) -> None:
        """Nothing is left to write: no file of an export without vectors states spaces."""

    def _xmp(self, item: Item) -> Iterator[str]:
        caption_by = f", caption by {item.captioned_by}" if item.captioned_by else ""
        by = _xml(f"{self._program}{caption_by}")
        yield '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        yield f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk={quoteattr(by)}>\n'
        yield ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        yield '  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        if item.asset.caption:
            caption = escape(_xml(item.asset.caption))
            yield "   <dc:description><rdf:Alt>\n"
            yield f'    <rdf:li xml:lang="x-default">{caption}</rdf:li>\n'
            yield "   </rdf:Alt></dc:description>\n"
        if item.tags:
            yield "   <dc:subject><rdf:Bag>\n"
            yield from (f"    <rdf:li>{escape(_xml(tag))}</rdf:li>\n" for tag in item.tags)
            yield "   </rdf:Bag></dc:subject>\n"
        yield '  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>\n'

    def _facts(self, item: Item, name: str) -> dict[str, Any]:
        return {
            "title": name, "description": item.asset.caption, "tags": [*item.tags],
            "caption_by": item.captioned_by or None, "written_by": self._program,
        }  # fmt: skip


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
