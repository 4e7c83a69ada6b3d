"""Searches that are saved under a name, over HTTP and by the facade."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.library.facade import Library
from engine.query.saved_searches import FILE, MOST


@pytest.fixture(autouse=True)
def none_left(served):
    yield
    (served.library / FILE).unlink(missing_ok=True)


def saved(served) -> list[tuple[str, str]]:
    listed = served.http.get("/api/searches").json()["searches"]
    return [(each["name"], each["address"]) for each in listed]


def test_a_search_is_saved_listed_replaced_and_removed(served):
    for name, address in (("Dogs", "?q=a+dog"), ("cats ", "q=cat"), ("dogs", "q=dog&sort=date")):
        body = {"name": name, "address": address}
        assert served.http.post("/api/searches", json=body).status_code == 200
    assert saved(served) == [("cats", "q=cat"), ("dogs", "q=dog&sort=date")]
    gone = served.http.delete("/api/searches/CATS").json()
    assert gone == {"library": "photos", "name": "cats", "address": "q=cat"}
    assert saved(served) == [("dogs", "q=dog&sort=date")]
    assert served.http.delete("/api/searches/cats").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": " ", "address": "q=x"},
        {"name": "n" * 81, "address": "q=x"},
        {"name": "x", "address": "?"},
        {"name": "x", "address": "q" * 4001},
    ],
)
def test_what_cannot_be_saved_is_refused(served, body):
    assert served.http.post("/api/searches", json=body).status_code == 400
    assert saved(served) == []


def test_a_server_that_only_reads_saves_none(start):
    body = {"name": "Dogs", "address": "q=dog"}
    answer = start(read_only=True).http.post("/api/searches", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "read_only")


def test_the_library_keeps_them_and_no_more_than_it_should(made, settings, monkeypatch):
    monkeypatch.setattr("engine.query.saved_searches.MOST", 2)
    with Library.open(made[1], settings=settings) as library:
        library.saved_searches.save("a", "q=a")
        library.saved_searches.save("b", "q=b")
        with pytest.raises(UsageError, match="remove some"):
            library.saved_searches.save("c", "q=c")
    with Library.open(made[1], settings=settings) as library:
        assert [each.name for each in library.saved_searches] == ["a", "b"]
        (made[1] / FILE).write_text("{")
        with pytest.raises(UsageError, match="searches that can be read"):
            list(library.saved_searches)
    assert MOST > 100
