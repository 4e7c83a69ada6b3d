"""The benchmark of reranking notices when a fault changes what is found."""

from __future__ import annotations

import pytest

from benchmarks import rerank
from benchmarks.common import Target
from engine import Library
from engine.testing import chat_server as does
from engine.testing.chat_server import serving
from engine.testing.fake_encoder import COLOURS
from tests import media_files as make


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings):
    """Two pictures of each colour."""
    folder = tmp_path_factory.mktemp("reranked")
    (folder / "media").mkdir()
    for place, colour in enumerate([*COLOURS, *COLOURS]):
        make.picture(folder / "media" / f"{place}.png", colour)
    with Library.open(folder / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([folder / "media"])
        yield made


def reached(library: Library, **faults: does.Behaviour) -> dict[str, bool]:
    with serving(does.hangs) as served, rerank.asking(served.url):
        library._search._rerankers.clear()  # of the server that was there before
        table = list(rerank.of_faults(library, served, "red", faults))
    targets = [row[-1] for row in table]
    assert all(isinstance(target, Target) for target in targets)
    assert ["ok" in str(row[2]) for row in table] == [target.reached for target in targets]
    return dict(zip(faults, (target.reached for target in targets), strict=True))


def test_what_leaves_the_fused_order_is_ok(library):
    quick = {name: rerank.FAULTS[name] for name in ("ids that do not exist", "JSON is cut off")}
    assert reached(library, **quick) == dict.fromkeys(quick, True)


def test_another_order_is_seen(library):
    assert reached(library, other=does.ranks(2, 1)) == {"other": False}


def test_an_order_that_stands_unsaid_is_seen(library):
    assert reached(library, same=does.ranks(1, 2)) == {"same": False}


def test_ranks_become_figures():
    ranking = rerank.Ranking(rerank.np.array([1.0, 2.0, 10.0, rerank.np.inf]), [])
    assert ranking.shown() == "0.250 / 0.500 / 0.400"
