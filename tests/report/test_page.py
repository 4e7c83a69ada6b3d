"""The page is one file that asks for nothing and believes no file's name."""

from html.parser import HTMLParser

import numpy as np
import pytest

from engine.common.atomic_write import write_text, written
from engine.common.markup import Html, markup
from engine.errors import UsageError
from engine.report import charts, page, pictures
from engine.report.axes import axis, round_step

EVIL = "<script>alert(1)</script>\" onload='x' &\u202e\udcff\x00"


class Tags(HTMLParser):
    """Collects elements and what their attributes point at; checks that they nest."""

    VOID = ("meta", "img", "br")

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.targets, self.words, self.labels = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.targets += [v for k, v in attrs if k in ("src", "href", "xlink:href")]
        self.labels += [v for k, v in attrs if k in ("alt", "aria-label")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parsed(text):
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
    return tags


def everything():
    return page.page(
        EVIL,
        [
            page.Section(EVIL, page.table([EVIL, "n"], [[EVIL, 3], ["a", 0.5]]), EVIL),
            page.Section("facts", page.facts({EVIL: EVIL})),
            page.Section(
                "pictures",
                pictures.group(EVIL, [
                    pictures.ReportImage(b"jpeg", EVIL, EVIL, kept=True),
                    pictures.ReportImage(None, EVIL),
                ]),
            ),
            page.Section("curve", charts.curve(
                [charts.Series(EVIL, [(0, 1), (1, float("nan")), (2, 3)]),
                 charts.Series("b", [(0, 0)])], x=EVIL, y=EVIL, mark=1.0)),
            page.Section("bars", charts.bars([(EVIL, 1.0), ("b", -2.0)], of=EVIL)),
            page.Section("map", charts.scatter(
                [charts.Dot(0, 0, 0, EVIL), charts.Dot(5, 1, None)], [EVIL])),
            page.Section("matrix", charts.matrix(
                np.array([[1, 2], [0, 3]]), [EVIL, "b"], [EVIL, "b"], down=EVIL, across=EVIL)),
            page.Section("more", page.folded(EVIL, page.paragraph(EVIL))),
        ],
        EVIL,
    )  # fmt: skip


def test_names_of_files_are_text_and_nothing_else():
    text = everything()
    tags = parsed(text)
    assert "script" not in tags.seen
    assert any("<script>alert(1)</script>" in words for words in tags.words)
    assert tags.labels and all("onload" in label for label in tags.labels if "scr" in label)
    assert not {"\u202e", "\udcff", "\x00"} & set(text)
    text.encode("utf-8")


def test_the_page_holds_all_that_it_shows():
    targets = parsed(everything()).targets
    assert targets
    assert all(target.startswith(("data:image/", "#part-")) for target in targets)
    assert "default-src 'none'" in everything()


@pytest.mark.parametrize(
    "drawing",
    [
        charts.curve([], x="x", y="y"),
        charts.curve([charts.Series("one", [(1.0, 1.0)])], x="x", y="y"),
        charts.bars([]),
        charts.bars([("nothing", 0.0)]),
        charts.scatter([]),
        charts.scatter([charts.Dot(1, 1)]),
        charts.matrix(np.zeros((0, 0)), [], []),
        charts.matrix(np.zeros((3, 2)), ["a", "b", "c"], ["d", "e"]),
    ],
)
def test_a_chart_of_little_is_still_a_drawing(drawing):
    assert parsed(drawing).seen[0] == "svg"
    assert "nan" not in drawing


def test_a_matrix_is_as_dark_as_the_shares_of_its_rows():
    drawing = charts.matrix(np.array([[3, 1], [0, 0]]), ["a", "b"], ["a", "b"])
    assert 'fill-opacity="0.787"' in drawing
    assert "a → b: 1" in drawing
    assert "b → " not in drawing


def test_markup_is_not_escaped_twice():
    assert markup(markup("a & b")) == "a &amp; b"
    assert markup(Html("<b>")) == "<b>"


@pytest.mark.parametrize(("width", "step"), [(1.0, 0.2), (0.06, 0.01), (300, 50), (7, 2)])
def test_ticks_are_round(width, step):
    assert round_step(width) == pytest.approx(step)


def test_an_axis_may_run_backwards():
    up = axis([0, 10], 100, 0)
    assert (up.at(0), up.at(10), up.at(5)) == (100, 0, 50)
    assert up.ticks() == [0, 2, 4, 6, 8, 10]


def test_what_fails_half_way_leaves_what_was_there(tmp_path):
    place = tmp_path / "report.html"
    write_text(place, "old")
    with pytest.raises(ZeroDivisionError), written(place) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_place_that_takes_no_file_is_named_in_a_line(tmp_path):
    with pytest.raises(UsageError, match=r"gone/report\.html cannot be written: no such file"):
        write_text(tmp_path / "gone" / "report.html", "text")
