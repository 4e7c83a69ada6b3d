"""Speed of the local chat, beside llama.cpp's own binding in the same run.

    python -m benchmarks.local_chat [--model local:qwen] [--threads N]

Each asks the same questions of the same file, in a process of its own: the adapter through
``Chat.reply``, and xllamacpp's ``Server`` called directly. A question is long once, to read, and
short once with a long answer, to write; the best of several runs of each counts, in turns, so that
what else the machine does meets both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import psutil

from benchmarks.common import at_least, command, conclude, machine
from engine.config import Settings
from engine.generate.chat import Message
from engine.generate.gguf_files import locate
from engine.generate.llama import LlamaChat

_ROUNDS = 4
_HOURS = 3600.0
_BARE = """
import json, sys, time
import xllamacpp
path, threads = sys.argv[1], int(sys.argv[2])
params = xllamacpp.CommonParams()
params.model.path = path
params.n_ctx, params.n_parallel = 8192, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.warmup, params.ui, params.verbosity, params.port = False, False, 0, 0
params.cache_ram_mib = 0
server = xllamacpp.Server(params)
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    pieces, first, usage = [], None, {}
    began = time.perf_counter()
    def take(event):
        global first, usage
        usage = event.get("usage") or usage
        choices = event.get("choices") or [{}]
        if choices[0].get("delta", {}).get("content"):
            first = first or time.perf_counter()
    server.handle_chat_completions(asked, take)
    ended = time.perf_counter()
    print(json.dumps([first - began, ended - first, usage["prompt_tokens"],
                      usage["completion_tokens"]]), flush=True)
import os
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """The times of one answer."""

    first: float
    """Seconds to the first piece."""
    rest: float
    """Seconds from there to the end."""
    read: int
    written: int


Ask = Callable[[str, int], Timed]


def adapter(chat: LlamaChat) -> Ask:
    """Ask through ``Chat.reply``."""

    def ask(question: str, most: int) -> Timed:
        first: list[float] = []
        began = time.perf_counter()
        reply = chat.reply(
            [Message.from_text("user", question)], seconds=_HOURS, most_tokens=most,
            on_text=lambda _: first.append(time.perf_counter()),
        )  # fmt: skip
        ended = time.perf_counter()
        return Timed(first[0] - began, ended - first[0], reply.usage.asked, reply.usage.answered)

    return ask


def binding(process: subprocess.Popen[str]) -> Ask:
    """Ask the bare binding."""

    def ask(question: str, most: int) -> Timed:
        body = {
            "messages": [{"role": "user", "content": question}], "max_tokens": most, "stream": True,
            "stream_options": {"include_usage": True}, "temperature": 0,
        }  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(body) + "\n")
        process.stdin.flush()
        return Timed(*json.loads(process.stdout.readline()))

    return ask


def questions(round_: int, count: int) -> tuple[str, str]:
    """Return a long question and a short one; no two begin alike, so that nothing is kept."""
    words = " ".join(str(number * 7919 % 1000) for number in range(round_, round_ + count))
    return f"{round_}: which of these is largest? {words}", f"{round_}: tell a long story."


def rates(ask: Ask, round_: int, count: int, most: int) -> tuple[float, float, float]:
    """Return tokens a second read and written, and seconds to the first token of a short one."""
    long, short = questions(round_, count)
    read = ask(long, 1)
    wrote = ask(short, most)
    return read.read / read.first, (wrote.written - 1) / wrote.rest, wrote.first


def memory(pid: int | None) -> float:
    """MiB of a process that are its own, the mapped file included."""
    return 0.0 if pid is None else psutil.Process(pid).memory_info().rss / 2**20


def best(found: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Return the best of each figure."""
    reads, writes, firsts = zip(*found, strict=True)
    return max(reads), max(writes), min(firsts)


@command(__doc__)
@click.option("--model", default="local:qwen", show_default=True)
@click.option("--numbers", default=200, show_default=True, help="Of a question that is read.")
@click.option("--written", default=64, show_default=True, help="Tokens of an answer.")
@click.option("--threads", default=0, help="0 for those of the settings.")
def main(model: str, numbers: int, written: int, threads: int) -> None:
    settings = Settings.from_env()
    settings = replace(settings, threads=threads or settings.threads)
    file = locate(model, settings)
    chat = LlamaChat(model, settings)
    bare = subprocess.Popen(
        [sys.executable, "-c", _BARE, str(file.path), str(settings.threads)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert bare.stdout is not None
        while bare.stdout.readline().strip() != "ready":
            assert bare.poll() is None, "the binding does not start"
        asks = {"adapter": adapter(chat), "binding": binding(bare)}
        began = time.perf_counter()
        chat.server.start(time.monotonic() + _HOURS)
        loading = time.perf_counter() - began
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in asks}
        for round_ in range(_ROUNDS):
            # Who is asked first takes turns as well: it meets the other's model out of the caches.
            for name, ask in [*asks.items()][:: -1 if round_ % 2 else 1]:
                found[name].append(rates(ask, 10 * round_ + 1, numbers, written))
        ours, theirs = best(found["adapter"]), best(found["binding"])
        used = memory(chat.server.pid)
    finally:
        bare.kill()
        bare.wait()
        chat.close()
    size = Path(file.path).stat().st_size / 2**20
    conclude(
        f"{file.title} ({size:.0f} MiB), {settings.threads} threads;"
        f" best of {_ROUNDS}; {machine()}.",
        ("what", "here", "llama.cpp's binding", "of it"),
        [
            ("tokens read, a second", f"{ours[0]:.1f}", f"{theirs[0]:.1f}",
             f"{ours[0] / theirs[0]:.3f}", at_least(ours[0] / theirs[0], 0.95)),
            ("tokens written, a second", f"{ours[1]:.1f}", f"{theirs[1]:.1f}",
             f"{ours[1] / theirs[1]:.3f}", at_least(ours[1] / theirs[1], 0.95)),
            ("first token of a short question", f"{ours[2]:.2f} s", f"{theirs[2]:.2f} s", "", None),
            ("loading", f"{loading:.1f} s", "", "", None),
            ("memory of its process", f"{used:.0f} MiB", "", "", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
