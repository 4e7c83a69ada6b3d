"""Make things.tsv: nouns for what is seen, and which of them are kinds of which.

    python -m engine.training.things --captions FILE [--wordnet DIR]

The meanings are WordNet 3.0's: all animals, plants, food and objects that are used; and of the
nouns that are in three captions or are an English name in the lexicon, those that are physical; and
all that is above them. A word that is first of all a person ("man") has no other meanings (a piece
of chess), and one that is not ("dog") is no person.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click

from engine.encoders.compact.lexicon import LEXICON
from engine.encoders.compact.things import PERSON, THING_ROOTS, THINGS, Meaning
from engine.training.pictures import Synset, ancestors, class_offsets, read_nouns

_PHYSICAL = "00001930"
_OFTEN = 3
"""Captions in which a noun must be."""
_ENDINGS = (("", ""), ("s", ""), ("es", ""), ("ies", "y"))
NOTICE = """\
# Derived from WordNet 3.0. Copyright 2006 by Princeton University. All rights reserved.
# THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO
# REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. The licence is in THINGS_CARD.md.
"""


def meanings_of(
    nouns: Mapping[str, Synset],
    senses: Mapping[str, Sequence[str]],
    classes: Iterable[str],
    words: Iterable[str],
) -> dict[str, Meaning]:
    """Return the meanings of things, classes and words that are physical, with all above them."""
    own, roots = {*classes}, {*THING_ROOTS.values()}
    known = {offset for word in words for offset in senses.get(word, ())}
    kept = own | {offset for offset in known if _PHYSICAL in ancestors(nouns, offset)}
    kept |= {offset for offset in nouns if roots & {offset, *ancestors(nouns, offset)}}
    kept |= {above for offset in kept for above in ancestors(nouns, offset)}
    people = {offset for offset in kept if PERSON in (offset, *ancestors(nouns, offset))}
    return {
        offset: Meaning(
            tuple(
                word for word in nouns[offset].words
                if (offset in people) is (_commonest(word, nouns, kept, senses) in people)
            ), nouns[offset].above, offset in own,
        )
        for offset in sorted(kept)
    }  # fmt: skip


def _commonest(
    word: str, nouns: Mapping[str, Synset], kept: set[str], senses: Mapping[str, Sequence[str]]
) -> str:
    """Return the commonest meaning of a word; a crane is no Stephen Crane."""
    known = [offset for offset in senses.get(word.casefold(), ()) if offset in kept]
    same = (offset for offset in known if word in nouns[offset].words)
    return next(same, known[0] if known else "")


def read_senses(folder: Path) -> dict[str, list[str]]:
    """Read the meanings of each noun from WordNet's ``index.noun``, the commonest first."""
    senses = {}
    for line in (folder / "index.noun").read_text(encoding="utf-8").splitlines():
        if not line.startswith("  "):  # the licence
            word, _, count, *rest = line.split()
            senses[word.replace("_", " ")] = rest[-int(count) :]
    return senses


def caption_nouns(captions: Iterable[Iterable[str]], known: set[str]) -> Iterator[str]:
    """Yield the known words, alone or in pairs, that are in the captions of enough pictures."""
    counts: Counter[str] = Counter()
    for texts in captions:
        found = set()
        for text in texts:
            words = re.findall("[a-z]+", text.lower())
            found |= {*words, *(" ".join(pair) for pair in pairwise(words))}
        counts.update({single for word in found if (single := _singular(word, known))})
    yield from (word for word, count in counts.items() if count >= _OFTEN)


def _singular(word: str, known: set[str]) -> str | None:
    forms = (word.removesuffix(end) + new for end, new in _ENDINGS if word.endswith(end))
    return next((form for form in forms if form in known), None)


def lines_of(meanings: Mapping[str, Meaning]) -> Iterator[str]:
    """Yield the lines of the table."""
    for offset, meaning in meanings.items():
        mark = "*" if meaning.is_class else ""
        yield f"{offset}\t{mark}\t{';'.join(meaning.words)}\t{' '.join(meaning.above)}\n"


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--captions", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--wordnet", type=click.Path(path_type=Path), default="/usr/share/wordnet")
@click.option("--out", type=click.Path(path_type=Path), default=THINGS, show_default=True)
def main(captions: Path, wordnet: Path, out: Path) -> None:
    nouns = read_nouns(wordnet)
    senses = read_senses(wordnet)
    known = {*senses}
    lexicon = {row.rpartition("\t")[2] for row in LEXICON.read_text("utf-8").splitlines()}
    with captions.open(newline="", encoding="utf-8") as stream:
        texts = [(row["caption"], row["short"]) for row in csv.DictReader(stream)]
    words = {name.casefold() for name in lexicon} | {*caption_nouns(texts, known)}
    meanings = meanings_of(nouns, senses, class_offsets(), words)
    out.write_text(NOTICE + "".join(lines_of(meanings)), "utf-8")
    click.echo(f"{out}: {len(meanings):,} meanings, {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
