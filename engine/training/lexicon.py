"""Make lexicon.tsv: what visible things are called in other languages, by names of pictographs.

    python -m engine.training.lexicon --annotations DIR --captions FILE [--wordnet DIR]

Unicode CLDR gives every pictograph a name and keywords in each language. A word belongs to those
that it stands at, and so does each English word; the English word whose pictographs are the same
is its translation ("Blume" stands at nine, "flower" at ten, eight of them the same). So keywords
are paired that are at one place in no list. A word that is English too is left out, since a text
does not say which language it is in: "pain" is not taken for bread.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from engine.encoders.compact.lexicon import LEXICON, folded, stems

LANGUAGES = (
    *("ar", "bn", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it"),
    *("ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sv", "ta", "te", "th", "tr", "uk", "vi"),
    *("zh", "zh-Hant"),
)
_LEAST = 0.6
"""The agreement from which a word is a translation: Dice's coefficient and what is added."""
_SAME_NAME, _A_NAME, _OF_ONE, _IN_CAPTIONS = 0.3, 0.1, 0.05, 0.15
"""The bonuses of an agreement where both are names of one pictograph, where the English word is
the name of any, where it is in the name of one that is meant, and where people use it of
photographs."""
_OFTEN = 3
"""Captions in which a word must be for that."""
_MOST_WORDS = 3
_MOST_ENGLISH = 2
_MOST_CHARACTERS = 40
_NOT_SAID = {"face", "button", "symbol"}
"""Words of names that say how a pictograph is drawn."""
_ENDINGS = ("s", "es", "ed", "ing")
_FUNCTION_WORDS = [
    "a",
    "about",
    "after",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "for",
    "from",
    "had",
    "has",
    "have",
    "he",
    "her",
    "here",
    "him",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "me",
    "my",
    "no",
    "not",
    "of",
    "off",
    "on",
    "or",
    "our",
    "out",
    "over",
    "she",
    "should",
    "so",
    "some",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "to",
    "too",
    "under",
    "up",
    "us",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
]

Annotations = Mapping[str, tuple[str, tuple[str, ...]]]
"""The name and the keywords of each pictograph."""


def read_annotations(folder: Path, language: str) -> Annotations:
    """Read names and keywords of a language (cldr-annotations-full, ``annotations``)."""
    text = (folder / language / "annotations.json").read_text(encoding="utf-8")
    rows = json.loads(text)["annotations"]["annotations"]
    return {
        sign: (folded(row.get("tts", [""])[0]), tuple(map(folded, row.get("default", ()))))
        for sign, row in rows.items()
        if any(unicodedata.category(c) in ("So", "Sk") and ord(c) >= 0x231A for c in sign)
    }


def signs_of_words(rows: Annotations) -> dict[str, set[str]]:
    """Return the pictographs that each word stands at, as a name or as a keyword."""
    found: dict[str, set[str]] = defaultdict(set)
    for sign, (name, keywords) in rows.items():
        for word in {name, *keywords} - {""}:
            found[word].add(sign)
    return found


def translations(
    other: Annotations, english: Annotations, common: set[str]
) -> dict[str, tuple[str, float]]:
    """Return the English word of each word of another language, and how much speaks for it.

    Args:
        common: English words that people use of photographs.
    """
    stands_at = {word: len(signs) for word, signs in signs_of_words(english).items()}
    names = {plain_name(name) for name, _ in english.values()}
    named = defaultdict(set)
    for sign, (name, _) in other.items():
        named[name].add(sign)
    found = {}
    for word, everywhere in signs_of_words(other).items():
        signs = {sign for sign in everywhere if sign in english}
        shared = Counter(w for s in signs for w in {english[s][0], *english[s][1]} if w)
        if not shared or len(word) > _MOST_CHARACTERS:
            continue
        own = {english[sign][0] for sign in named.get(word, set()) & signs}
        of_these = {w for sign in signs for w in (english[sign][0], *english[sign][0].split())}
        agreement = {
            w: 2 * count / (len(signs) + stands_at[w])
            + _SAME_NAME * (w in own) + _A_NAME * (w in names) + _OF_ONE * (w in of_these)
            + _IN_CAPTIONS * common.issuperset(w.split())
            for w, count in shared.items()
        }  # fmt: skip
        best = max(shared, key=lambda w: (agreement[w], -len(w.split()), -len(w), w))
        if agreement[best] >= _LEAST:
            found[word] = plain_name(best), agreement[best] * shared[best]
    return found


def plain_name(name: str) -> str:
    """Return a name without the words that say how a pictograph is drawn."""
    words = re.sub(r'[:"\u201c\u201d]', "", name).split()
    return " ".join(w for w in words if w not in _NOT_SAID) or " ".join(words)


def english_words(english: Annotations, texts: Iterable[str], wordnet: Path) -> set[str]:
    """Return words that are English whatever else they are."""
    known = {word for entry in signs_of_words(english) for word in (entry, *entry.split())}
    known |= {word for text in texts for word in _words(text)}
    for part in ("noun", "verb", "adj", "adv"):
        lines = (wordnet / f"index.{part}").read_text().splitlines()
        known |= {ln.split(" ", 1)[0].replace("_", " ") for ln in lines if not ln.startswith(" ")}
    return known | set(_FUNCTION_WORDS)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _inflected(word: str, known: set[str]) -> bool:
    bases = (word[: -len(end)] for end in _ENDINGS if word.endswith(end))
    return word in known or any(len(base) >= 4 and base in known for base in bases)


def merged(tables: Iterable[Mapping[str, tuple[str, float]]], english: set[str]) -> dict[str, str]:
    """Merge the tables of all languages; an English word has an empty translation.

    Where languages differ, the translation with the most agreement in all of them is taken.
    English words are in it where an ending off them another language's word is left.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for table in tables:
        for word, (gloss, agreement) in table.items():
            is_english = all(_inflected(part, english) for part in word.split())
            short = len(word.split()) <= _MOST_WORDS and len(gloss.split()) <= _MOST_ENGLISH
            if word != gloss and short and not is_english:
                votes[word][gloss] += agreement  # type: ignore[assignment]
    found = {word: max(of, key=lambda g: (of[g], g)) for word, of in votes.items()}
    forms = {word + end for word in english for end in ("", *_ENDINGS) if " " not in word}
    found |= {w: "" for w in forms if w not in found and any(s in found for s in stems(w))}
    return found


def _captions(file: Path) -> Iterator[str]:
    with file.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield f"{row['caption']} {row['short']}"


_folder = click.Path(path_type=Path, exists=True, file_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--annotations", type=_folder, required=True, help="Of cldr-annotations-full.")
@click.option("--captions", type=_file, required=True, help="CSV of English captions.")
@click.option("--wordnet", type=_folder, default="/usr/share/wordnet", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=LEXICON, show_default=True)
def main(annotations: Path, captions: Path, wordnet: Path, out: Path) -> None:
    english = read_annotations(annotations, "en")
    texts = list(_captions(captions))
    counts = Counter(word for text in texts for word in set(_words(text)))
    common = {word for word, count in counts.items() if count >= _OFTEN}
    others = (read_annotations(annotations, name) for name in LANGUAGES)
    tables = (translations(other, english, common) for other in others)
    words = merged(tables, english_words(english, texts, wordnet))
    lines = sorted(f"{word}\t{gloss}\n".encode() for word, gloss in words.items())
    out.write_bytes(b"".join(lines))
    click.echo(f"{out}: {len(lines)} words, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
