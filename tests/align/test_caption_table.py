"""Tables of captioned pictures, in each of their formats."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.align.caption_table import read_captions
from engine.errors import PathNotFound, UsageError

EXPECTED = {"a.jpg": ["a dog", "two words"], "b/ü.jpg": ["die Katze, müde"]}


def check(table):
    found = read_captions(table)
    folder = table.parent.resolve()
    assert {str(path.relative_to(folder)): texts for path, texts in found.items()} == EXPECTED


@pytest.mark.parametrize("column", ["path", "file"])
def test_csv_tsv_json_lines_and_parquet_say_the_same(tmp_path, column):
    rows = [
        ("a.jpg", "a dog"), ("b/ü.jpg", "die Katze, müde"), ("a.jpg", "two \n words"),
        ("a.jpg", "a dog"), ("", "no picture"), ("c.jpg", " "),
    ]  # fmt: skip
    quoted = "".join(f'{path},"{text}"\r\n' for path, text in rows)
    (tmp_path / "t.csv").write_text(f"{column},caption\n{quoted}", encoding="utf-8-sig")
    check(tmp_path / "t.csv")
    tabbed = "".join(f'x\t{path}\t"{text}"\n' for path, text in rows)
    (tmp_path / "t.tsv").write_text(f"id\t{column}\tcaption\n{tabbed}", encoding="utf-8")
    check(tmp_path / "t.tsv")
    paths, texts = zip(*rows, strict=True)
    columns = {column: paths, "n": list(range(6)), "caption": texts}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    check(tmp_path / "t.parquet")
    import json

    lines = [json.dumps({column: path, "caption": text}) for path, text in rows]
    (tmp_path / "t.jsonl").write_text("\n\n".join(lines))
    check(tmp_path / "t.jsonl")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"file,label\na,b\n", "must have the columns path and caption"),
        ("t.csv", b"path,caption\n", "has no captions; write a CSV"),
        ("t.csv", b"path,caption\n\xff\xfe,a\n", "is no table in UTF-8"),
        ("t.jsonl", b'{"path": "a", "caption": "b"}\n{', ":2 is no JSON"),
        ("t.jsonl", b"[1]\n", ":1 is no object"),
        ("t.parquet", b"PAR1", "is no Parquet file"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message) as refused:
        read_captions(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(PathNotFound, match="there is no such file"):
        read_captions(tmp_path / "none.csv")
