"""The words around what moments say, in the question's language: English, German or Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.types import Kind

_HAN = re.compile("[\u4e00-\u9fff]")
_GERMAN_WORDS = 2


@dataclass(frozen=True, slots=True)
class AnswerFrames:
    """The words of answers in one language. ``claims`` are by the name of a claim."""

    claims: Mapping[str, str]
    stop: str
    absent: str
    """The answer where nothing in the library bears a question."""
    nearest: str
    """The line above what comes nearest to an answer."""
    not_in: str
    nouns: Mapping[Kind | None, tuple[str, str]]
    """One and several files of a kind; None for files of several kinds."""
    counted: tuple[str, str]
    """A count of likely matches: one, and several."""
    listed: str
    """A count of what is there for certain."""
    about: str
    made_on: str
    made_at: str
    no_date: tuple[str, str]
    """Files that do not say when they were made: one, and several."""
    no_place: tuple[str, str]
    measured: Mapping[str, str]
    """The fact of a file, by its name."""
    lacking: Mapping[str, str]
    compared: str
    equal: str
    more: Mapping[str, tuple[str, str, str]]
    """The words for more, for less, and for as much, by the name of the fact."""
    shows: str
    """Several files that show something."""
    and_more: tuple[str, str, str]
    """Between names, before the last one, and in the place of further ones."""
    sent: Mapping[str, str]
    """A file that was sent along, by its kind."""
    on_sent: str
    """A picture that was sent along, as something is written on it."""
    unknown: str
    """Nothing of what was sent along is recognised."""
    at_best: str
    """After ``unknown``, where something is not unlikely."""
    none_alike: str


_EN = AnswerFrames(
    claims={
        "says": "{name} says: \u201c{text}\u201d",
        "reads": "{name} reads: \u201c{text}\u201d",
        "caption": "{name} is described as: \u201c{text}\u201d",
        "name": "the name of {name} matches \u201c{text}\u201d ({sure})",
        "shows": "{name} shows \u201c{text}\u201d ({sure})",
        "listed": "{name} is one of them",
        "beside": "{name} goes on here", "alike": "{name} is similar ({sure})",
        "file": "this is {name}",
        "sounds": "{name} sounds like \u201c{text}\u201d ({sure})",
    },
    stop=".",
    absent="Not in this library.", nearest="What comes nearest:",
    not_in="Not in {names}.",
    nouns={
        Kind.IMAGE: ("picture", "pictures"), Kind.VIDEO: ("video", "videos"),
        Kind.AUDIO: ("recording", "recordings"), None: ("file", "files"),
    },
    counted=("1 {noun} is a likely match{about}", "{count} {noun} are likely matches{about}"),
    listed="{count} {noun}{about}",
    about=" for \u201c{subject}\u201d",
    made_on="{sentence}, and was made on {date}",
    made_at="{sentence}, and was made at {place} (latitude, longitude)",
    no_date=(
        "{sentence}, and does not say when it was made",
        "{sentence}, and do not say when they were made",
    ),
    no_place=(
        "{sentence}, and does not say where it was made",
        "{sentence}, and do not say where they were made",
    ),
    measured={
        "length": "{name} is {value} long", "size": "{name} has {value}",
        "date": "{name} was made on {value}",
    },
    lacking={
        "length": "{name} has no length", "size": "{name} has no size",
        "date": "{name} does not say when it was made",
    },
    compared="{first} is {more} than {second}: {value} against {other}",
    equal="{first} and {second} are equally {more}: {value}",
    more={
        "length": ("longer", "shorter", "long"), "size": ("larger", "smaller", "large"),
        "date": ("newer", "older", "old"),
    },
    shows="{names} match \u201c{text}\u201d",
    and_more=(", ", " and ", "{count} more"),
    sent={"image": "the picture", "video": "the video", "audio": "the sound"},
    on_sent="the picture",
    unknown="nothing in {sent} is recognised for certain",
    at_best="{sentence}; at best it shows {label} ({sure})",
    none_alike="nothing in this library is similar to it",
)  # fmt: skip
_ZH = AnswerFrames(
    claims={
        "says": "{name} 里说\uff1a\u201c{text}\u201d",
        "reads": "{name} 上写着\uff1a\u201c{text}\u201d",
        "caption": "{name} 的说明是\uff1a\u201c{text}\u201d",
        "name": "{name} 的文件名与\u201c{text}\u201d相符\uff08{sure}\uff09",
        "shows": "{name} 里有\u201c{text}\u201d\uff08{sure}\uff09",
        "listed": "{name} 是其中之一",
        "beside": "{name} 从这里继续", "alike": "{name} 与此相似\uff08{sure}\uff09",
        "file": "这是 {name}",
        "sounds": "{name} 听起来像\u201c{text}\u201d\uff08{sure}\uff09",
    },
    stop="。",
    absent="这个库里没有。", nearest="最接近的\uff1a",
    not_in="{names} 里没有。",
    nouns={
        Kind.IMAGE: ("张照片",) * 2, Kind.VIDEO: ("个视频",) * 2,
        Kind.AUDIO: ("段录音",) * 2, None: ("个文件",) * 2,
    },
    counted=("1 {noun}很可能符合{about}", "{count} {noun}很可能符合{about}"),
    listed="{count} {noun}{about}",
    about="\u201c{subject}\u201d",
    made_on="{sentence}\uff0c时间是 {date}",
    made_at="{sentence}\uff0c地点是 {place}\uff08纬度、经度\uff09",
    no_date=("{sentence}\uff0c但没有注明时间",) * 2,
    no_place=("{sentence}\uff0c但没有注明地点",) * 2,
    measured={
        "length": "{name} 长 {value}", "size": "{name} 有 {value}",
        "date": "{name} 的时间是 {value}",
    },
    lacking={
        "length": "{name} 没有长度", "size": "{name} 没有大小", "date": "{name} 没有注明时间",
    },
    compared="{first} 比 {second} 更{more}\uff1a{value}\uff0c{other}",
    equal="{first} 和 {second} 一样{more}\uff1a{value}",
    more={"length": ("长", "短", "长"), "size": ("大", "小", "大"), "date": ("新", "旧", "新")},
    shows="{names} 符合\u201c{text}\u201d",
    and_more=("、", "和", "另外 {count} 个"),
    sent={"image": "这张图片", "video": "这段视频", "audio": "这段声音"},
    on_sent="这张图片",
    unknown="{sent}里没有能确定识别的内容",
    at_best="{sentence}\uff1b最多可能是\u201c{label}\u201d\uff08{sure}\uff09",
    none_alike="这个库里没有与它相似的内容",
)  # fmt: skip


_DE = AnswerFrames(
    claims={
        "says": "{name} sagt: \u201e{text}\u201c",
        "reads": "auf {name} steht: \u201e{text}\u201c",
        "caption": "{name} ist beschrieben als: \u201e{text}\u201c",
        "name": "der Name von {name} passt zu \u201e{text}\u201c ({sure})",
        "shows": "{name} zeigt \u201e{text}\u201c ({sure})",
        "listed": "{name} geh\u00f6rt dazu",
        "beside": "{name} geht hier weiter", "alike": "{name} ist \u00e4hnlich ({sure})",
        "file": "das ist {name}",
        "sounds": "{name} klingt wie \u201e{text}\u201c ({sure})",
    },
    stop=".",
    absent="Nicht in dieser Bibliothek.", nearest="Am nächsten kommt:",
    not_in="Nicht in {names}.",
    nouns={
        Kind.IMAGE: ("Bild", "Bilder"), Kind.VIDEO: ("Video", "Videos"),
        Kind.AUDIO: ("Aufnahme", "Aufnahmen"), None: ("Datei", "Dateien"),
    },
    counted=("1 {noun} passt wahrscheinlich{about}", "{count} {noun} passen wahrscheinlich{about}"),
    listed="{count} {noun}{about}",
    about=" zu \u201e{subject}\u201c",
    made_on="{sentence}, und ist vom {date}",
    made_at="{sentence}, und wurde bei {place} (Breite, L\u00e4nge) gemacht",
    no_date=(
        "{sentence}, und sagt nicht, von wann es ist",
        "{sentence}, und sagen nicht, von wann sie sind",
    ),
    no_place=(
        "{sentence}, und sagt nicht, wo es gemacht wurde",
        "{sentence}, und sagen nicht, wo sie gemacht wurden",
    ),
    measured={
        "length": "{name} ist {value} lang", "size": "{name} hat {value}",
        "date": "{name} ist vom {value}",
    },
    lacking={
        "length": "{name} hat keine L\u00e4nge", "size": "{name} hat keine Gr\u00f6\u00dfe",
        "date": "{name} sagt nicht, von wann es ist",
    },
    compared="{first} ist {more} als {second}: {value} gegen {other}",
    equal="{first} und {second} sind gleich {more}: {value}",
    more={
        "length": ("l\u00e4nger", "k\u00fcrzer", "lang"),
        "size": ("gr\u00f6\u00dfer", "kleiner", "gro\u00df"),
        "date": ("neuer", "\u00e4lter", "alt"),
    },
    shows="{names} passen zu \u201e{text}\u201c",
    and_more=(", ", " und ", "{count} weitere"),
    sent={"image": "das Bild", "video": "das Video", "audio": "die Aufnahme"},
    on_sent="dem Bild",
    unknown="{sent} zeigt nichts, was sicher zu erkennen ist",
    at_best="{sentence}; am ehesten {label} ({sure})",
    none_alike="nichts in dieser Bibliothek ist ihm ähnlich",
)  # fmt: skip
_GERMAN = re.compile(
    r"\b(?:welche[rsmn]?|wann|wer|wem|wen|wie|wo|worum|wor\u00fcber|warum|woher|wohin|gibt|zeigt"
    r"|zeigen|zeig|zeige|ist|sind|ein|eine[rsmn]?|der|das|den|dem|des|und|oder|mit|von|vom|auf|im"
    r"|habe|haben|ich|wir|mein\w{0,2}|unser\w{0,2}|es|nicht|\u00fcber|f\u00fcr|wird|werden|wurden?|sagt"
    r"|irgend\w+|auch|bitte|doch|ihn|ihm|nach|bei|aus|hätte|müsste|könnte\w*|kannst|findest|hast|du|mich"
    r"|dich|mir|dir|uns|wurde|gern\w*|sagte|viele|steht|fasse?|zusammen|geht|kann|soll|zu|mir|noch|mehr|davon|danach|davor|darin|bitte|eins"
    r"|(?:erst|zweit|dritt|viert|letzt|ander|\u00e4hnlich|dies)e[nrms]?|bild(?:er|ern)?)\b",
    re.IGNORECASE,
)
"""Words of German that English has not, two of which make a question German."""


def is_german(text: str) -> bool:
    """Tell whether a question is German, and not English."""
    return len(_GERMAN.findall(text)) >= _GERMAN_WORDS


def frames_of(text: str) -> AnswerFrames:
    """Return the frames in the language of a question."""
    return _ZH if _HAN.search(text) else _DE if is_german(text) else _EN


def listed_names(names: Sequence[str], frames: AnswerFrames, most: int = 4) -> str:
    """Return names as one list, the first ones and the number of the others."""
    comma, last, more = frames.and_more
    shown = [*names[:most]]
    if len(names) > most:
        shown.append(more.format(count=len(names) - most))
    return shown[0] if len(shown) == 1 else f"{comma.join(shown[:-1])}{last}{shown[-1]}"
