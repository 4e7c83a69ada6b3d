"""`sensorium models`, with a hub on loopback that has a few files."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import pytest

from engine.encoders.openclip import available, files, kept_tags
from engine.encoders.openclip.count import FILE, count
from engine.encoders.openclip.kept_tags import TAGS
from engine.encoders.openclip.names import Tagged
from engine.encoders.weight_files import E5_SMALL
from tests import media_files as make
from tests.encoders.openclip_models import FAMILIES, write_family, write_tokenizer

NOBODY = "http://127.0.0.1:9"
"""A hub where nobody listens."""
_COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


class Hub(ThreadingHTTPServer):
    """Answers as a model hub does for single files of repositories, out of a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder = folder
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        if (content := self._answer()) is not None:
            self.wfile.write(content)

    def _answer(self) -> bytes | None:
        repo, _, file = self.path.strip("/").partition("/resolve/main/")
        self.server.asked.append(f"{repo}: {file}")
        place = self.server.folder / repo / file
        if not place.is_file():
            known = (self.server.folder / repo).is_dir()
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("X-Repo-Commit", _COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        content = place.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", _COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what was asked."""


@pytest.fixture
def hub(tmp_path) -> Iterator[Hub]:
    folder = tmp_path / "hub"
    write_family("siglip", folder / "tiny" / "clip")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "tiny" / "clip" / file).unlink()
    write_tokenizer(folder / FAMILIES["siglip"]["text_cfg"]["hf_tokenizer_name"])
    server = Hub(folder)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    """A home of the hub's client that is empty, and a hub where nobody listens."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    home = {"HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": NOBODY}
    return mine | home | {"NO_PROXY": "127.0.0.1"}


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def models(environ) -> Command:
    """`sensorium ARGUMENTS`, with more of the environment."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "engine.commands.main", *arguments],
            capture_output=True, text=True, timeout=120, env=environ | more,
        )  # fmt: skip

    return run


@pytest.fixture
def use_hub(tmp_path, monkeypatch) -> Callable[..., None]:
    """Have the hub's client in this process ask a hub, with the same home; it reads the
    environment when it is imported."""

    def use(url: str, *, offline: bool = False) -> None:
        constants = {
            "HF_HUB_CACHE": str(tmp_path / "hf" / "hub"), "HF_HUB_OFFLINE": offline,
            "ENDPOINT": url,
            "HUGGINGFACE_CO_URL_TEMPLATE": f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
        }  # fmt: skip
        for name, value in constants.items():
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)

    return use


def listed(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return {model["name"]: model for model in json.loads(done.stdout)["models"]}


def test_the_list_tells_what_is_known_without_a_network(models):
    found = listed(models("models", "--json"))
    assert found["open_clip:ViT-B-32/openai"] == {
        "name": "open_clip:ViT-B-32/openai", "origin": "open_clip", "dim": 512,
        "image_size": 224, "parameters": 151_277_313, "bytes": None, "downloaded": False,
        "licence": None,
    }  # fmt: skip
    assert found["compact"]["dim"] == 384
    assert found["compact"]["downloaded"] is True
    assert found["compact-multilingual"]["dim"] == 384
    assert found["compact-multilingual"]["downloaded"] is (E5_SMALL.find() is not None)
    assert list(found)[:2] == ["compact-multilingual", "compact"]
    assert found["open_clip:roberta-ViT-B-32/laion2b_s12b_b32k"]["parameters"] is None
    assert len(found) > 150


def test_the_list_imports_no_encoder():
    """Importing open_clip takes five seconds, and ten beside other work."""
    program = (
        "import sys\nfrom engine.models import list_models\nassert len(list_models()) > 150\n"
        "heavy = {'torch', 'torchvision', 'open_clip', 'transformers'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_tags_that_are_kept_are_those_of_open_clip():
    kept, open_clip = json.loads(TAGS.read_text()), files.open_clip()
    assert kept["version"] == version("open_clip_torch"), "python -m engine.encoders.openclip.count"
    assert [(model, tag) for model, tag, _ in kept["tags"]] == open_clip.list_pretrained()
    for model, tag, address in kept["tags"]:
        assert address == open_clip.get_pretrained_cfg(model, tag)["hf_hub"]


def test_tags_of_another_version_are_asked_of_it(monkeypatch):
    kept = available._tags()
    with pytest.MonkeyPatch.context() as alone:
        alone.delitem(sys.modules, "open_clip", raising=False)
        needed = [[*files.needed(Tagged(model, tag))] for model, tag, _ in kept]
        assert "open_clip" not in sys.modules
    monkeypatch.setattr(kept_tags, "version", lambda _: "0.0")
    assert available._tags() == kept
    assert needed == [[*files.needed(Tagged(model, tag))] for model, tag, _ in kept]


def test_pulled_once_a_model_is_here_without_a_network(
    models, environ, hub, tmp_path, run, use_hub
):
    """On a terminal, where fetching shows its progress."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    done = subprocess.Popen(
        [sys.executable, "-m", "engine.commands.main", "models", "pull", "hf-hub:tiny/clip"],
        stdout=subprocess.PIPE, stderr=theirs, env=environ | {"HF_ENDPOINT": hub.url},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)
    assert done.communicate(timeout=60)[0] == b"hf-hub:tiny/clip is on this machine\n"
    assert b"open_clip_model.safetensors" in shown
    assert b"100%" in shown

    asked = len(hub.asked)
    found = listed(models("models", "list", "--downloaded", "--json", HF_ENDPOINT=hub.url))
    assert set(found) - {"compact-multilingual"} == {"compact", "hf-hub:tiny/clip"}
    assert (found["hf-hub:tiny/clip"]["dim"], found["hf-hub:tiny/clip"]["origin"]) == (32, "hub")
    # In this process, which has imported open_clip: another takes 6 s for it.
    use_hub(hub.url)
    make.picture(tmp_path / "media" / "0.png", "red")
    index = ("index", tmp_path / "media", "--encoder", "hf-hub:tiny/clip")
    done = run(*index, at=tmp_path / "library")
    assert (done.code, done.out.splitlines()[0]) == (0, "1 file: 1 added"), done.err
    assert len(hub.asked) == asked


def test_in_a_pipe_fetching_is_quiet(models, hub):
    done = models("models", "pull", "hf-hub:tiny/clip", HF_ENDPOINT=hub.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "hf-hub:tiny/clip is on this machine\n"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other side is closed
        return b""


@pytest.mark.parametrize(
    ("name", "url", "reason"),
    [
        ("hf-hub:tiny/none", NOBODY, "127.0.0.1 cannot be reached"),
        ("ViT-B-32__openai", "offline", "HF_HUB_OFFLINE is set"),
        ("hf-hub:tiny/none", "hub", "no repository tiny/none"),
        ("hf-hub:tiny/siglip-words", "hub", "holds no open_clip_config.json"),
        ("resnet", NOBODY, "no encoder is called 'resnet'"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_line(run, hub, use_hub, name, url, reason):
    use_hub(hub.url if url == "hub" else NOBODY, offline=url == "offline")
    done = run("models", "pull", name, at=None)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err
    assert len(done.err.splitlines()) == 1


def test_pull_knows_encoders_that_fetch_nothing(run):
    assert run("models", "pull", "compact", at=None).out == "compact is on this machine\n"


def test_options_of_the_list_are_not_for_pull(run):
    done = run("models", "--json", "pull", "compact", at=None)
    assert (done.code, len(done.err.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    "model", ["ViT-B-32", "RN50", "coca_ViT-B-32", "ViT-B-16-SigLIP", "MobileCLIP2-S0"]
)
def test_the_parameters_are_those_of_the_models(model):
    assert json.loads(FILE.read_text())[model] == count(model)
