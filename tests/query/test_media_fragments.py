"""Moments and regions of files, as their names have them."""

from __future__ import annotations

import pytest

from engine.errors import InvalidQuery
from engine.query.media_fragments import Fragment, split_fragment, with_region


@pytest.mark.parametrize(
    ("name", "path", "fragment"),
    [
        ("/a.mp4#t=12", "/a.mp4", Fragment(12.0)),
        ("/a.mp4#t=12,20.5", "/a.mp4", Fragment(12.0, 20.5)),
        ("/a.jpg#xywh=percent:10,20,30,40", "/a.jpg", Fragment(region=(0.1, 0.2, 0.3, 0.4))),
        ("/a#b.mp4#t=1&xywh=percent:0,0,50,100", "/a#b.mp4", Fragment(1.0, None, (0, 0, 0.5, 1))),
        ("/a.jpg#t=x", "/a.jpg#t=x", Fragment()),
        ("/a.jpg#1", "/a.jpg#1", Fragment()),
        ("/a#t=1.jpg", "/a#t=1.jpg", Fragment()),
    ],
)
def test_a_name_is_split_from_what_is_meant_of_it(name, path, fragment):
    assert split_fragment(name) == (path, fragment)


def test_a_region_is_written_into_a_name_and_read_again():
    named = with_region("/clip.mp4#t=3", (0.25, 0, 0.5, 1))
    assert split_fragment(named) == ("/clip.mp4", Fragment(3.0, None, (0.25, 0, 0.5, 1)))
    assert with_region(named, (0, 0, 1, 1)).count("xywh") == 1


@pytest.mark.parametrize(
    "region", [(0, 0, 0, 1), (0.5, 0, 0.6, 1), (-0.1, 0, 0.5, 1), (1, 1, 1, 1)]
)
def test_a_region_lies_within_the_picture(region):
    with pytest.raises(InvalidQuery, match="fractions"):
        with_region("/a.jpg", region)
