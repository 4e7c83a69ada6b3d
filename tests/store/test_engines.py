"""What SQLAlchemy learns of a database is learned once, however many writers come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.sql.compiler import SQLCompiler

from engine.store import Store
from tests.store.make import picture


def test_a_writer_compiles_no_statement_that_another_has_compiled(
    store: Store, commit: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(picture("/a.jpg"))
    compiled: list[str] = []
    compile_it = SQLCompiler.__init__

    def counted(self: SQLCompiler, *args: Any, **options: Any) -> None:
        compile_it(self, *args, **options)
        compiled.append(str(self))

    monkeypatch.setattr(SQLCompiler, "__init__", counted)
    commit(picture("/b.jpg"))
    with Store.open(store.path) as other, other.writer() as writer:
        writer.commit([picture("/c.jpg")])
    assert compiled == []
    assert [asset.path for asset in store.assets()] == ["/a.jpg", "/b.jpg", "/c.jpg"]
