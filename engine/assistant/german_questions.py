"""Read German questions by rules: what kind of answer they want, and what they are about."""

from __future__ import annotations

from typing import Final

from engine.types import Kind

_NOUNS = {
    Kind.IMAGE: r"bild(?:er|ern|s)?|fotos?|photos?|fotografien?|screenshots?|schilder?",
    Kind.VIDEO: r"videos?|filme?n?|clips?",
    Kind.AUDIO: r"aufnahmen?|tonaufnahmen?|sprachmemos?|memos?|lied(?:er|ern)?|geräusche?n?",
}
_NOUN = (
    "(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in _NOUNS.items()) + "|datei(?:en)?)"
)
_WHICH = rf"(?:(?:auf|in|bei)\s+)?(?:welche[rsmn]?|was\s+für\s+(?:ein\w*\s+)?)\s*{_NOUN}"
_A = r"(?:(?:das|die|der|den|dem|ein\w{0,2}|alle|irgendein\w*|hier|auch|mir|uns)\s+)*"
_OF = rf"(?:{_A}{_NOUN}\s+(?:von|vom|mit|der|des|über)\s+)?(?P<x>.+?)"
_THERE = r"(?:\s+(?:gibt\s+es|habe\s+ich|haben\s+wir|sind\s+(?:da|hier|in\s+der\s+bibliothek)))?"
_MADE = r"(?:aufgenommen|gemacht|fotografiert|gefilmt|gedreht|entstanden)"
_NAMED = r"(?:(?:das|die|der|dieses|diese|dieser|es|mein\w*)\b.*|.+\.\w{2,5}|\w+\s\d+)"
GERMAN_RULES: Final = (
    ("length", rf"wie\s+lang(?:e)?\s+(?:ist|sind|war|dauert|geht)\s+(?P<x>{_NAMED})"),
    ("size", rf"wie\s+groß\s+(?:ist|sind)\s+(?P<x>{_NAMED})"),
    ("summary", r"(?:bitte\s+)?fasse?\s+(?P<x>.+?)\s+zusammen"),
    ("summary", r"worum\s+geht\s+es\s+(?:in|im|bei)\s+(?P<x>.+)"),
    (
        "count",
        rf"wie\s+viele\s+{_NOUN}{_THERE}\s+(?:mit|von|vom|zeigen|haben|über)\s+(?P<x>.+?)"
        rf"{_THERE}",
    ),
    ("count", rf"wie\s+viele\s+{_NOUN}{_THERE}(?P<x>)"),
    ("date", rf"wann\s+(?:wurden?|ist|sind|entstand(?:en)?)\s+{_OF}(?:\s+{_MADE}(?:\s+worden)?)"),
    ("place", rf"wo\s+(?:wurden?|ist|sind|entstand(?:en)?)\s+{_OF}(?:\s+{_MADE}(?:\s+worden)?)"),
    ("speech", rf"{_WHICH}\s+(?:wird|werden)\s+(?P<x>.+?)\s+(?:gesagt|erwähnt|genannt)"),
    (
        "speech",
        rf"{_WHICH}\s+(?:geht\s+es\s+um|(?:wird|werden)\s+(?:von|über))\s+"
        r"(?P<x>.+?)(?:\s+(?:gesprochen|geredet))?",
    ),
    (
        "speech",
        rf"{_WHICH}\s+(?:erwähnt|erwähnen|(?:spricht|sprechen|handelt|handeln)\s+"
        r"(?:von|über))\s+(?P<x>.+)",
    ),
    (
        "speech",
        r"was\s+(?:wird|wurde|(?:hat|sagte?n?)\s+.+?|sagt)\s+über\s+(?P<x>.+?)"
        r"(?:\s+gesagt)?",
    ),
    (
        "speech",
        r"wer\s+(?:sagt|erwähnt|spricht\s+(?:von|über)),?\s+(?:dass\s+)?(?P<x>.+)",
    ),
    (
        "files",
        rf"{_WHICH}\s+(?:zeigt|zeigen|hat|haben|enthält|enthalten|ist|sind|sieht\s+man"
        r"|gibt\s+es|hört\s+man)\s+(?P<x>.+?)(?:\s+zu\s+(?:sehen|hören))?",
    ),
    (
        "files",
        rf"(?:gibt\s+es|habe\s+ich|haben\s+wir|hast\s+du)\s+{_A}{_NOUN}\s+"
        r"(?:von|vom|mit|über)\s+(?P<x>.+)",
    ),
    (
        "files",
        rf"(?:zeige?|finde?|suche?|gib)\s+{_A}{_NOUN}\s+(?:von|vom|mit|über)\s+(?P<x>.+)",
    ),
)
"""The kinds of answers, as ``Wanted`` has them, and patterns of whole questions."""
