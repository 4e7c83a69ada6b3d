"""Read what German turns refer to: "der zweite", "wann wurde das aufgenommen?", "und danach?"."""

from __future__ import annotations

from typing import Final

from engine.types import Kind

ORDINALS: Final = (
    "erst", "zweit", "dritt", "viert", "f\u00fcnft", "sechst", "siebt", "acht", "neunt", "zehnt",
)  # fmt: skip
KINDS: Final = {
    Kind.IMAGE: "Bild(?:er|ern)?|Fotos?|Photos?|Screenshots?",
    Kind.VIDEO: "Videos?|Filme?n?|Clips?",
    Kind.AUDIO: "Aufnahmen?|Memos?|Sprachmemos?|Lied(?:er)?|Ger\u00e4usche?",
}
_THING = "(?:" + "|".join(KINDS.values()) + "|Dateien?|Treffer|Stellen?)"
_THE = "(?:der|die|das|den|dem)"
NTH: Final = (
    rf"(?:(?:{_THE}|im|in\ {_THE}|vom|zum)\s+(?:(?P<de>{'|'.join(ORDINALS)})e[nrms]?"
    rf"|(?P<de_last>letzte)[nrms]?|(?P<de_other>andere)[nrms]?)(?:\s+{_THING})?"
    r"|(?:Nummer|Nr\.?)\s*(?P<de_number>\d+))"
)
_ONE = rf"(?:das|es|ihn|sie|die|den|dies(?:e[nrms]?)?(?:\s+{_THING})?)"
_SOFT = r"(?:(?:ok|bitte|und|jetzt|also|dann|nun)\s*,?\s+)*"
SHOW: Final = (
    rf"{_SOFT}(?:zeige?|\u00f6ffne|spiele?|gib)(?:\s+(?:mir|uns))?(?:\s+(?:{NTH}|{_ONE}))?"
    r"(?:\s+(?:mir|uns|bitte|ab|her|noch\ (?:ein)?mal|an))*",
    rf"{_SOFT}(?:was\ ist\ mit\s+)?{NTH}(?:\s+bitte)?",
    rf"{_SOFT}wo\ (?:ist|war)\ (?:das|es)",
)
BESIDE: Final = {
    1: rf"{_SOFT}(?:was\s+)?(?:(?:kommt|kam|passiert|geschieht|wird|sagt\ (?:er|sie|man))\s+)?"
       r"(?:danach|nachher|dann|als\ n\u00e4chstes|anschlie\u00dfend)(?:\s+(?:gesagt|noch))?",
    -1: rf"{_SOFT}(?:was\s+)?(?:(?:kommt|kam|war|passiert|geschah|wird|wurde"
        r"|sagt\ (?:er|sie|man))\s+)?(?:davor|vorher|zuvor)(?:\s+gesagt)?",
}  # fmt: skip
_WRONG = rf"(?:nein|falsch|nicht\s+(?:das|den|die|der|dies(?:e[nrms]?)?)(?:\s+{_THING})?)"
CORRECT: Final = (
    rf"(?:{_WRONG}[\s,.;:!\u2013\u2014-]*)*(?:sondern\s+)?ich\ (?:meine?|meinte|suche|wollte|will)"
    r"\s+(?P<x>.+?)",
    rf"{_WRONG}[\s,.;:!\u2013\u2014-]+(?:sondern\s+)(?P<x>.+)",
)
OTHERS: Final = (
    rf"(?:{_WRONG}[\s,.;:!\u2013\u2014-]*)?(?:(?:zeige?|gib|finde)\s+mir\s+)?"
    r"(?:gibt\ es\s+)?(?:und\s+)?"
    rf"(?:noch\ (?:ein(?:e[nrs]?|s)?(?:\ andere[nrs]?)?(?:\s+{_THING})?|andere|weitere|mehr)"
    rf"|(?:{_THE}|ein)?\s*andere[nrs]?(?:\s+{_THING})?|weitere(?:\s+{_THING})?|was\ noch)"
    r"(?:\s+gibt\ es)?",
    _WRONG,
)
INSTEAD: Final = (r"(?:und\s+)?(?:was\ ist\ mit|wie\ (?:ist|w\u00e4re)\ es\ mit)\s+(?P<x>.+)",)
_MADE = r"(?:aufgenommen|gemacht|fotografiert|gefilmt|gedreht|entstanden)"
IN_NTH: Final = (
    rf"(?:\b(?:in|auf|bei|von)\s+)?\b{_THE}\s+(?:(?P<de>{'|'.join(ORDINALS)})e[nrms]?"
    rf"|(?P<de_last>letzte)[nrms]?|(?P<de_other>andere)[nrms]?)(?:\s+{_THING})?"
    rf"(?=\s+(?:{_MADE}|zusammen|lang|gro\u00df|gesagt|zu\ sehen)\b|[\s?.!]*$)"
)
PRONOUN: Final = (
    rf"(?:\b(?:in|auf|von|\u00fcber)\s+)?\b(?P<what>(?:das|es|ihn|dies(?:e[nrms]?)?|{_THE}\s+{_THING}"
    rf"|diese[nrms]?\s+{_THING}))(?=\s+(?:{_MADE}|zusammen|lang|gro\u00df|gesagt|zu\ sehen)\b"
    r"|[\s?.!]*$)"
)
"""A pronoun stands at the end, or before its participle: elsewhere "das" is an article."""
INSIDE: Final = r"\b(?P<what>darin|davon|dort|dar\u00fcber|da(?=\s+gesagt))\b"
BARE_WHEN: Final = rf"{_SOFT}wann(?:\s+(?:genau|(?:ist|war)\ das))?"
BARE_WHERE: Final = rf"{_SOFT}wo(?:\s+genau)?"
ALIKE: Final = (
    rf"{_SOFT}(?:(?:zeige?|gib|finde|suche?)(?:\s+(?:mir|uns))?\s+)?(?:gibt\ es\s+)?(?:noch\s+)?"
    rf"(?:so\ (?:ein(?:e[nrs]?|s)?|was|etwas)(?:\s+{_THING})?|(?:et)?was\ \u00e4hnliches"
    rf"|(?:ein(?:e[nrs]?)?\s+)?\u00e4hnliche[nrs]?(?:\s+{_THING})?"
    rf"|(?:mehr|noch\ mehr|(?:et)?was|eines?)\s+(?:davon|von\ der\ Art|dieser\ Art"
    rf"|wie\s+(?:das|dies(?:e[nrms]?)?(?:\s+{_THING})?|{NTH}))|mehr\ solche[nr]?(?:\s+{_THING})?)"
    r"(?:\s+(?:bitte|hier))?",
)
