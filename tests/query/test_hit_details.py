"""What is known of a hit: the facts of its file, the words around it, and why it was found."""

from __future__ import annotations

import pytest

from engine.query.hit_details import HitDetails, hit_details
from engine.types import Asset, Hit, Kind, MediaType, Modality, Moment, MomentRecord, Tag, Why

ASSET = Asset(
    "/clip.mp4", "00", MediaType(Kind.VIDEO, "mp4"), 1_234_567, 1_700_000_000_000_000_000,
    640, 480, 95.0, "2024-06-01T12:33:00", (38.7, -9.1), "Lisbon\x1b[31m", "title: Holiday\nrock",
)  # fmt: skip
WHY = (Why("text", "fake", 0.5, 1.5, asked="sea"),)
HIT = Hit(3, 2.5, Kind.VIDEO, "/clip.mp4", 7, 4, Modality.SPEECH, 40.0, 45.0, WHY, confidence=0.75)


class OneClip:
    """A store of one video, in which something is said every ten seconds."""

    def snapshot(self):
        from contextlib import nullcontext

        return nullcontext()

    def get(self, path):
        return next(iter(self.moments_of(7))) if path == ASSET.path else None

    def whole_assets(self, ids):
        return {7: ASSET}

    def tags(self, ids):
        return {7: ("mine",)}

    def moments_of(self, asset_id):
        spoken = [
            Moment(Modality.SPEECH, 10.0 * n, 10.0 * n + 5, text=f"sentence {n}") for n in range(9)
        ]
        seen = Moment(Modality.KEYFRAME, 40.0, 50.0, tags=(Tag("beach", 0.9),))
        sign = Moment(Modality.SCREEN, 40.0, 50.0, text="EXIT\n5")
        moments = [*spoken[:4], seen, *spoken[4:], sign]
        return [
            MomentRecord(number, 7, ASSET.path, Kind.VIDEO, moment)
            for number, moment in enumerate(moments)
        ]


@pytest.fixture
def details() -> HitDetails:
    return hit_details(OneClip(), HIT)


def test_the_words_around_a_hit_are_those_within_half_a_minute(details):
    spoken = [passage for passage in details.passages if passage.modality is Modality.SPEECH]
    assert [passage.text for passage in spoken] == [f"sentence {n}" for n in range(1, 8)]
    assert [passage.start for passage in spoken if passage.here] == [40.0]


def test_the_page_says_all_of_it(details):
    page = str(details).splitlines()
    assert page[:3] == [
        "/clip.mp4",
        "  hit 3       video at 0:40-0:45, 75% likely",
        "  file        mp4, 640 x 480, 1:35, 1.2 MB",
    ]
    assert "  made        2024-06-01 12:33:00" in page
    assert "  place       38.70000, -9.10000" in page
    assert "  texts       title: Holiday" in page
    assert "              rock" in page
    assert "  tags        mine, beach" in page
    assert "> 0:40-0:45  sentence 4" in page
    assert "  0:30-0:35  sentence 3" in page
    assert page[page.index("on screen") + 1] == "> 0:40-0:50  EXIT 5"
    assert page[-2:] == ["why", "  text “sea”: 0.500, +1.50 nats"]
    assert "\x1b" not in str(details), "what files say drives no terminal"


def test_the_document_has_the_same_facts(details):
    document = details.to_dict()
    assert document["file"]["taken_at"] == ASSET.taken_at
    assert document["tags"] == ("mine", "beach")
    assert len(document["passages"]) == 8
    assert document["hit"]["path"] == "/clip.mp4"
