"""Figures of results, the truth that they are held against, and the page of both."""

import numpy as np
import pytest

from engine.classify.evaluate import NONE, evaluate
from engine.classify.report import RunDigest, evaluation_page, run_page
from engine.classify.results import About, Result
from engine.classify.truth import read_truth
from engine.errors import UsageError

ABOUT = About(("cat", "dog", "bus"), multi=False, unknown=True, settings={"templates": "default"})


def result(number, label, probability=0.9, known=0.9, others=(), chosen=None):
    labels = (*([label] if label else []), *others)
    odds = tuple(np.linspace(probability, 0.01, len(labels)).tolist())
    count = chosen if chosen is not None else int(label is not None)
    return Result(
        f"/media/{number}/{number}.jpg", "image", label, probability, known, "image", None, None,
        labels, odds, count, number, number,
    )  # fmt: skip


RESULTS = [
    result(0, "cat"),
    result(1, "dog", 0.8, others=("cat",)),
    result(2, "bus", 0.6),
    result(3, None, 0.7, known=0.3, others=("dog",)),
]


def truth(tmp_path, text):
    file = tmp_path / "truth.csv"
    file.write_text(text)
    return file


def test_figures_by_hand(tmp_path):
    file = truth(tmp_path, "file,label\n0.jpg,cat\n1.jpg,cat\n2/2.jpg,Bus\n/media/3/3.jpg,\n")
    found = evaluate(RESULTS, ABOUT, read_truth(file, RESULTS, ABOUT))
    assert (found.files, found.accuracy, found.top5) == (4, 0.75, 1.0)
    by_label = {one.label: one for one in found.classes}
    assert (by_label["cat"].precision, by_label["cat"].recall) == (1.0, 0.5)
    assert (by_label["dog"].support, by_label["dog"].precision) == (0, 0.0)
    assert by_label[NONE].f1 == 1.0
    assert found.none_auroc == 1.0
    assert found.names == ("cat", "dog", "bus", NONE)
    assert found.confusion[0].tolist() == [1, 1, 0, 0]
    assert [(one.result.label, one.true) for one in found.worst] == [("dog", ("cat",))]
    assert found.macro.recall == pytest.approx((0.5 + 1 + 1) / 3)
    expected = (abs(0.9 - 1) + abs(0.8 - 0) + abs(0.6 - 1) + abs(0.7 - 1)) / 4
    assert found.calibration_error == pytest.approx(expected)


def test_independent_decisions_have_a_mean_average_precision(tmp_path):
    about = About(("cat", "dog", "bus"), multi=True, unknown=False, settings={})
    results = [
        result(0, "cat", others=("dog",), chosen=2),
        result(1, "dog", 0.8, others=("cat",), chosen=1),
        result(2, None, 0.9, others=("bus", "cat"), chosen=0),
    ]
    file = truth(tmp_path, "file,label\n0.jpg,cat\n0.jpg,dog\n1.jpg,cat\n2.jpg,\n")
    found = evaluate(results, about, read_truth(file, results, about))
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.confusion is None
    # The cats have 0.9, 0.01 and, though there is none in 2.jpg, 0.01 there as well.
    assert {one.label: one.average_precision for one in found.classes} == {
        "cat": pytest.approx((1 + 2 / 3) / 2), "dog": 0.5, "bus": None, NONE: None,
    }  # fmt: skip
    assert found.mean_average_precision == pytest.approx((5 / 6 + 0.5) / 2)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "no column 'file'"),
        ("file,name\na,b\n", "no column 'label'"),
        ("file,label\n", "lists no files"),
        ("file,label\n0.jpg,cat\n9.jpg,cat\n", r"truth\.csv:3: the results have no file '9\.jpg'"),
        ("file,label\n0.jpg,cow\n", r"truth\.csv:2: 'cow' is none of the 3 labels"),
        ("file,label\n,cat\n", r"truth\.csv:2: the results have no file ''"),
    ],
)
def test_truth_that_names_what_is_unknown(tmp_path, text, line):
    with pytest.raises(UsageError, match=line):
        read_truth(truth(tmp_path, text), RESULTS, ABOUT)


def test_truth_of_nothing_says_what_to_give():
    with pytest.raises(UsageError, match="map names of files to their labels"):
        read_truth({}, RESULTS, ABOUT)


def test_ranges_of_confidence_are_plain_numbers():
    found = evaluate(RESULTS, ABOUT, read_truth({"0.jpg": "cat", "1.jpg": "cat"}, RESULTS, ABOUT))
    assert {type(each) for one in found.bins for each in (one.low, one.high)} == {float}


def test_a_name_that_two_files_have_is_not_enough(tmp_path):
    twice = [*RESULTS, Result(*(getattr(RESULTS[0], n) for n in Result.__slots__))]
    twice[-1] = result(0, "cat")
    with pytest.raises(UsageError, match=r"2 results end in '0\.jpg'; name more of the path"):
        read_truth(truth(tmp_path, "file,label\n0.jpg,cat\n"), twice, ABOUT)


def test_several_labels_need_independent_decisions(tmp_path):
    file = truth(tmp_path, "file,label\n0.jpg,cat\n0.jpg,dog\n")
    with pytest.raises(UsageError, match="classify with multi=True"):
        evaluate(RESULTS, ABOUT, read_truth(file, RESULTS, ABOUT))


def test_the_pages_show_it_and_escape_it(tmp_path):
    wrong = result(5, "dog")
    wrong = Result("/media/<b>.jpg", *(getattr(wrong, n) for n in Result.__slots__[1:]))
    results = [*RESULTS, wrong]
    file = truth(tmp_path, "file,label\n0.jpg,cat\n1.jpg,cat\n<b>.jpg,bus\n3.jpg,\n")
    found = evaluate(results, ABOUT, read_truth(file, results, ABOUT))
    asked = []
    html = evaluation_page(found, ABOUT, lambda moment: asked.append(moment) or b"jpeg")
    assert asked == [5, 1]
    assert "&lt;b&gt;.jpg" in html and "<b>.jpg" not in html
    assert html.count("<svg") == 2 and "data:image/jpeg;base64,anBlZw==" in html

    digest = RunDigest()
    digest.add(results)
    assert dict(digest.counts) == {"cat": 1, "dog": 2, "bus": 1, "(none of these)": 1}
    page = run_page(digest, ABOUT, ["two examples"], lambda _: None)
    assert "two examples" in page and "no picture" in page and "<b>.jpg" not in page


def test_a_digest_of_many_stays_small():
    digest = RunDigest()
    digest.add(result(n, "cat", 0.5 + n / 1000) for n in range(400))
    assert digest.assets == 400 and digest.counts["cat"] == 400
    assert [one.moment_id for one in digest.surest["cat"]] == [399, 398, 397, 396, 395, 394]
    assert digest.doubtful[0].moment_id == 0 and len(digest.doubtful) == 12
