"""The models that there are: listing them, and fetching one ahead. Wiring only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.common.choices import LATE_RERANKER, SEEING_RERANKER
from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.config import Settings

if TYPE_CHECKING:
    from engine.encoders.offered import Offered
    from engine.query.model_roles import Adapter


def list_models(*, downloaded: bool = False) -> list[Offered]:
    """List the encoders, with what is known of them without a network.

    Args:
        downloaded: only those that are on disk.
    """
    from engine.encoders.available import offered

    return [model for model in offered() if model.downloaded or not downloaded]


def list_roles(role: str | None = None) -> list[Adapter]:
    """List the ways to have a model play a role; None for all roles.

    Raises:
        UsageError: there is no such role.
    """
    from engine.errors import UsageError
    from engine.query.model_roles import adapters

    found = list(adapters(role))
    if not found:
        roles = dict.fromkeys(each.role for each in adapters())
        raise UsageError(f"no role is called {role!r}; there is {', '.join(roles)}")
    return found


def fetch_model(
    name: str,
    settings: Settings | None = None,
    *,
    progress: bool | Progress = False,
    cancel: CancelToken | None = None,
) -> str:
    """Fetch all that a model needs, to use it later without a network; return its full name.

    Args:
        name: of an encoder, or ``local:qwen``, a language model that runs here.

    Raises:
        EncoderUnavailable: there is no such model, or it cannot be fetched.
        Cancelled: ``cancel`` was; a later call goes on where this one was.
    """
    from engine.encoders import registry
    from engine.encoders.protocols import Fetched

    settings = settings or Settings.load()
    if name.startswith("local:"):
        return _fetch_local(name, settings, progress, cancel)
    if name.startswith(LATE_RERANKER):
        from engine.query.rerank.registry import late_model

        late_model(name, settings).fetch()
        return name
    if name.startswith(SEEING_RERANKER):
        from engine.encoders.sentence_transformer.pairs import SeeingPairs

        SeeingPairs(name, settings).fetch()
        return name
    encoder = registry.encoder(name, settings)
    if isinstance(encoder, Fetched):
        encoder.fetch()
    else:
        encoder.check()
    return encoder.name


def _fetch_local(
    name: str, settings: Settings, progress: bool | Progress, cancel: CancelToken | None
) -> str:
    from engine.generate.gguf_files import locate, pulled_file
    from engine.generate.pull import pull

    file = pulled_file(name)
    if file is None:
        locate(name, settings)
        return name
    with watched(progress, cancel) as reporting:
        pull(file, settings, reporting)
    return name
