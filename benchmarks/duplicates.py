"""Near-duplicates: precision and recall of copies, beside imagededup in one run.

    python -m benchmarks.duplicates --data DIR [--work DIR] [--others DIR] [--no-peer]

12 copies of each of the measuring pictures among 2,000 others; ``copies`` says which. Recall
is the part of copies that are in one group with their original, and precision the part of
the pairs within groups that are of one picture.

imagededup runs in an environment of its own below --work, which plain pip makes. Its CNN
needs weights from torchvision's server; where they cannot be had, the table says so. It takes
other networks as well, and so it is also given EfficientNet-Lite2, the tower of ``compact``.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from benchmarks.common import (
    Row,
    at_least,
    command,
    conclude,
    data_option,
    fill,
    machine,
    new_library,
    pictures,
    scratch,
)
from benchmarks.copies import COPIES, make_set
from engine.curate.copies.near_duplicates import BY_COSINE, DuplicateOptions, find, findings
from engine.curate.copies.union_find import DisjointSets
from engine.types import Kind

_OTHERS = 2_000
_METHODS = {
    "phash": "imagededup PHash, distance 10",
    "cnn": "imagededup CNN, MobileNetV3, 0.9",
    "lite2": "imagededup CNN, EfficientNet-Lite2, 0.9",
}


def measure(groups: Sequence[Sequence[str]], shows: Mapping[str, str]) -> tuple[float, float]:
    """Precision of the pairs in groups, and the part of copies grouped with their original."""
    right = total = 0
    of: dict[str, int] = {}
    for number, names in enumerate(groups):
        of |= dict.fromkeys(names, number)
        counted: dict[str, int] = {}
        for name in names:
            counted[shows[name]] = counted.get(shows[name], 0) + 1
        total += len(names) * (len(names) - 1) // 2
        right += sum(count * (count - 1) // 2 for count in counted.values())
    copies = [name for name in shows if name.startswith("p") and not name.endswith("-00.jpg")]
    found = sum(of.get(name, -1) == of.get(f"{name[:4]}-00.jpg", -2) for name in copies)
    return right / max(total, 1), found / max(len(copies), 1)


def missed(groups: Sequence[Sequence[str]], shows: Mapping[str, str]) -> dict[str, int]:
    """How many copies of each kind are not with their original."""
    of = {name: number for number, names in enumerate(groups) for name in names}
    lost = dict.fromkeys(COPIES, 0)
    for name in shows:
        number = int(name[5:7]) if name.startswith("p") else 0
        if number and of.get(name, -1) != of.get(f"{name[:4]}-00.jpg", -2):
            lost[list(COPIES)[number - 1]] += 1
    return lost


def _ours(folder: Path, at: Path) -> Iterator[tuple[str, list[list[str]], float]]:
    with new_library(at) as library:
        fill(library, folder)
        for name, wanted in (
            ("looked at", DuplicateOptions(kinds=(Kind.IMAGE,))),
            (f"cosine {BY_COSINE}", DuplicateOptions(kinds=(Kind.IMAGE,), by_cosine=True)),
        ):
            started = time.monotonic()
            found = find(library.store, library.towers, library.thumbnail, wanted)
            by_group: dict[int, list[str]] = {}
            for one in findings(library.store, found.edges):
                by_group.setdefault(one.group or 0, []).append(Path(one.path).name)
            yield name, list(by_group.values()), time.monotonic() - started


_PEER = """
import json, sys
from engine.torchvision_ops import declare_missing_operators
declare_missing_operators()  # lets torchvision load beside a PyTorch without CUDA
from imagededup.methods import CNN, PHash
how, folder, out = sys.argv[1:]


def lite2():
    import torch
    from imagededup.utils import CustomModel
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor
    from engine.encoders.compact.export_pictures import SIDE, build_model
    from engine.encoders.weight_files import EFFICIENTNET

    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = build_model(EFFICIENTNET.locate())

        def forward(self, batch):
            return self.model.forward_head(self.model.forward_features(batch), pre_logits=True)

    half = [0.5] * 3
    prepare = Compose([Resize(292), CenterCrop(SIDE), ToTensor(), Normalize(half, half)])
    return CustomModel(model=Features().eval(), transform=prepare, name="lite2")


if how == "phash":
    found = PHash(verbose=False).find_duplicates(image_dir=folder, max_distance_threshold=10)
else:
    more = {} if how == "cnn" else {"model_config": lite2()}
    cnn = CNN(verbose=False, **more)
    found = cnn.find_duplicates(image_dir=folder, min_similarity_threshold=0.9)
json.dump({name: list(map(str, names)) for name, names in found.items()}, open(out, "w"))
"""


def _peer(work: Path) -> str | None:
    """A Python that has imagededup; None where it cannot be had."""
    home = work / "imagededup"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        # PyTorch, which it asks for, is here already, and takes gigabytes to have twice.
        site = next(home.glob("lib/python*/site-packages"))
        (site / "shared.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    if subprocess.run([python, "-c", "import imagededup"], capture_output=True).returncode:
        click.echo("installing imagededup", err=True)
        asked = [python, "-m", "pip", "install", "-q", "--only-binary", ":all:", "imagededup"]
        if subprocess.run(asked, stdout=subprocess.DEVNULL).returncode:
            return None
    return str(python)


def _theirs(python: str, how: str, folder: Path, work: Path) -> tuple[list[list[str]], float] | str:
    """imagededup's groups, connected as ours are, and seconds; or why there are none."""
    out = work / f"{how}.json"
    started = time.monotonic()
    asked = [python, "-c", _PEER, how, str(folder), str(out)]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1][:80]
    seconds = time.monotonic() - started
    found: dict[str, list[str]] = json.loads(out.read_text())
    names = sorted(found)
    place = {name: number for number, name in enumerate(names)}
    union = DisjointSets(len(names))
    for name, alike in found.items():
        for other in alike:
            union.join(place[name], place[other])
    return [[names[i] for i in group] for group in union.groups()], seconds


@command(__doc__)
@data_option
@click.option("--work", type=click.Path(path_type=Path), help="Folder for imagededup, kept.")
@click.option("--others", type=click.Path(path_type=Path), help="More real pictures.")
@click.option("--most", default=_OTHERS, show_default=True, help="How many others.")
@click.option("--first", type=int, help="Only so many of the measuring pictures.")
@click.option("--peer/--no-peer", default=True, help="Measure imagededup as well.")
def main(
    data: Path, work: Path | None, others: Path | None, most: int, first: int | None, peer: bool
) -> None:
    files = pictures(data)[0][:first]
    with scratch() as folder:
        shows, real = make_set(files, folder / "set", others, most)
        body: list[Row] = []
        for name, groups, seconds in _ours(folder / "set", folder / "library"):
            precision, recall = measure(groups, shows)
            main_row = name == "looked at"
            body.append((f"Sensorium, {name}", "precision", f"{precision:.4f}", f"{seconds:.0f} s",
                         at_least(precision, 0.99) if main_row else None))  # fmt: skip
            body.append((f"Sensorium, {name}", "recall", f"{recall:.4f}", "",
                         at_least(recall, 0.9) if main_row else None))  # fmt: skip
            click.echo(f"missed, {name}: {missed(groups, shows)}", err=True)
        if peer:
            body += _peer_rows(work or folder, folder / "set", shows)
        conclude(
            f"Near-duplicates: {len(files)} pictures and {len(COPIES)} copies of each, among {most}"
            f" others ({real} real). Seconds are for pictures that Sensorium had indexed, and"
            f" with decoding for imagededup; {machine()}.",
            ("what", "measure", "value", "took"),
            body,
        )


def _peer_rows(work: Path, folder: Path, shows: Mapping[str, str]) -> Iterator[Row]:
    python = _peer(work)
    for how, name in _METHODS.items():
        found = (
            "it cannot be installed here" if python is None else _theirs(python, how, folder, work)
        )
        if isinstance(found, str):
            yield name, f"not measured: {found}", "", "", None
            continue
        precision, recall = measure(found[0], shows)
        yield name, "precision", f"{precision:.4f}", f"{found[1]:.0f} s", None
        yield name, "recall", f"{recall:.4f}", "", None


if __name__ == "__main__":
    main()
