"""Labels as people write them, and what is wrong with them in a line that names the place."""

import pytest

from engine.classify.labels import Label, names, parse_labels, read_labels
from engine.errors import UsageError


def test_names_between_commas_may_be_in_quotes():
    found = parse_labels('cat, dog,"a red, old car",bus: a coach; a minibus')
    assert names(found) == ["cat", "dog", "a red, old car", "bus"]
    assert found[3].descriptions == ("bus", "a coach", "a minibus")


def test_a_file_has_a_label_a_line(tmp_path):
    file = tmp_path / "labels.txt"
    file.write_text(
        "\ufeff# pets\n\ncat: a kitten; a  tabby;a kitten\n  dog \n"
        '"ratio 4:3": "a television"\ntime 10:45\n',
        encoding="utf-8",
    )
    assert read_labels(file) == [
        Label("cat", ("cat", "a kitten", "a tabby")),
        Label("dog", ("dog",)),
        Label("ratio 4:3", ("ratio 4:3", "a television")),
        Label("time 10:45", ("time 10:45",)),
    ]


def test_ten_thousand_labels_are_no_trouble(tmp_path):
    file = tmp_path / "labels.txt"
    file.write_text("\n".join(f"label {n}" for n in range(10_000)))
    assert len(read_labels(file)) == 10_000


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", r"labels\.txt names no label"),
        (b"# nothing\n\n", r"labels\.txt names no label"),
        (b"cat\n# a\nCat\n", r"labels\.txt:3: the label 'Cat' is there already, at .*:1"),
        (b"cat\n: a kitten\n", r"labels\.txt:2: there is no name"),
        (b"cat\n\xff\n", r"labels\.txt is not UTF-8 \(byte 4\)"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, content, line):
    file = tmp_path / "labels.txt"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=line):
        read_labels(file)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*gone: no such file"):
        read_labels(tmp_path / "gone")


@pytest.mark.parametrize(("text", "line"), [(" , ", "names no label"), ("a,b,A", "label 3: .*'A'")])
def test_wrong_lists(text, line):
    with pytest.raises(UsageError, match=line):
        parse_labels(text)
