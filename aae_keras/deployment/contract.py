"""The contract of an export, as data: what a server or a phone may rely on.

| signature | inputs | outputs (first dimension: the batch) |
|---|---|---|
| `serving_default` | `image` float32 [N, H, W, C] in [0, 1] | `CLASSIFY_OUTPUTS` |
| `classify_bytes` | `image_bytes` string [N], PNG or JPEG files of any size | the same |
| `classify_examples` | `examples` string [N]: tf.Example, `image/encoded` | `classes`, `scores` |
| `classify` | `inputs`, the same: the one name that the server's Classify call accepts | the same |
| `encode` | `image` | `y` and `z`, or `z` alone in a setting without y |

Files are read as the training images were, or refused: see `export.image_bytes`.

With the decoder:

| signature | inputs | outputs |
|---|---|---|
| `decode` | `y` [N, K], `z` [N, D] (`z` alone where it takes no y) | `image` |
| `generate` | `label` int64 [N], `seed` int64 [N] (`seed` alone where there is no y) | `image` |
| `reconstruct` | `image` | `image`, `error` [N] |
| `score_novelty` | `image` | `novelty` [N] |

`reconstruct` and `score_novelty` are left out where the decoder needs the true label.
"""

import dataclasses
import pathlib

CLASSIFY = "serving_default"
CLASSIFY_BYTES = "classify_bytes"
CLASSIFY_EXAMPLES = "classify_examples"
CLASSIFY_CALL = "classify"
ENCODE = "encode"
DECODE = "decode"
RECONSTRUCT = "reconstruct"
GENERATE = "generate"
SCORE_NOVELTY = "score_novelty"

IMAGE = "image"
IMAGE_BYTES = "image_bytes"  # a name that ends so is base64 in TF Serving's JSON
EXAMPLES = "examples"
CLASSIFY_INPUTS = "inputs"  # TensorFlow Serving's Classify looks for this name and no other
EXAMPLE_FEATURE = "image/encoded"

# How the paths begin of the files in a version that TensorFlow reads.
SAVED_MODEL_FILES = ("saved_model.pb", "fingerprint.pb", "variables/", "assets/")


def model_files(path: pathlib.Path) -> list[pathlib.Path]:
    """The files that a model is read from, in order: the one itself, or those in its version."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return [f for f in files if f.relative_to(path).as_posix().startswith(SAVED_MODEL_FILES)]


PREDICT_METHOD = "tensorflow/serving/predict"
CLASSIFY_METHOD = "tensorflow/serving/classify"

# Output names and their TensorFlow dtypes; K classes, D dimensions of z.
CLASSIFY_OUTPUTS = {
    "label": "int64",  # [N], the largest logit
    "class_name": "string",  # [N]
    "confidence": "float32",  # [N], the largest probability
    "probabilities": "float32",  # [N, K], calibrated
}
SCORE_OUTPUTS = {
    "classes": "string",  # [N, K]
    "scores": "float32",  # [N, K], calibrated
}
ENCODE_OUTPUTS = {
    "y": "float32",  # [N, K], as the encoder has it: not calibrated
    "z": "float32",  # [N, D]
}


@dataclasses.dataclass(frozen=True)
class Signature:
    """Names and TensorFlow dtypes of a signature's inputs and outputs, and its method."""

    inputs: dict[str, str]
    outputs: dict[str, str]
    method: str = PREDICT_METHOD


SIGNATURES = {
    CLASSIFY: Signature({IMAGE: "float32"}, CLASSIFY_OUTPUTS),
    CLASSIFY_BYTES: Signature({IMAGE_BYTES: "string"}, CLASSIFY_OUTPUTS),
    CLASSIFY_EXAMPLES: Signature({EXAMPLES: "string"}, SCORE_OUTPUTS, CLASSIFY_METHOD),
    CLASSIFY_CALL: Signature({CLASSIFY_INPUTS: "string"}, SCORE_OUTPUTS, CLASSIFY_METHOD),
    ENCODE: Signature({IMAGE: "float32"}, ENCODE_OUTPUTS),
    DECODE: Signature(ENCODE_OUTPUTS, {IMAGE: "float32"}),
    RECONSTRUCT: Signature({IMAGE: "float32"}, {IMAGE: "float32", "error": "float32"}),
    GENERATE: Signature({"label": "int64", "seed": "int64"}, {IMAGE: "float32"}),
    SCORE_NOVELTY: Signature({IMAGE: "float32"}, {"novelty": "float32"}),
}

FORMATS = ("saved_model", "litert", "onnx", "web", "micro")
DEFAULT_FORMATS = ("saved_model", "litert")

MANIFEST = "assets.extra/manifest.json"
CHECKSUMS = "files"  # the manifest's key: SHA-256 of every other file, by its path in the version
WARMUP = "assets.extra/tf_serving_warmup_requests"
LITERT_FILE = "litert/encoder.tflite"
ONNX_FILE = "onnx/encoder.onnx"
ONNX_CLASS_NAMES = "class_names"  # metadata of the file: a list, as JSON
# How image files become pixels, as JSON: a key of the manifest and of an ONNX file's metadata, and
# a file in the archive that stands behind a LiteRT file, as TensorFlow's metadata do.
READING = "reading"
LITERT_READING = "reading.json"

# A version is a number that TensorFlow Serving can read.
MAX_VERSION = 2**63 - 1

# A LiteRT file for each way to write its weights, the share of labels it must agree on, and how far
# its z may lie from the model's, relative to 1 + |z|.
LITERT_FILES = {
    "none": LITERT_FILE,
    "float16": "litert/encoder-float16.tflite",
    "int8": "litert/encoder-int8.tflite",
}
# LiteRT files for one image at a time, by their formats: float32 without text; int8 throughout.
SINGLE_FILES = {
    "web": "litert/encoder-web.tflite",
    "micro": "litert/encoder-micro.tflite",
}
CLASS_NAMES_FILE = "litert/class_names.json"  # a list, for the two of them
LABEL_AGREEMENT = {"none": 1.0, "float16": 0.999, "int8": 0.995, "web": 1.0, "micro": 0.995}
# Beyond that, what the share must be with `CONFIDENCE`, whatever images it was counted on: a few
# that agree by luck prove nothing. 149 that all agree are enough.
SURE_AGREEMENT = {"none": 0.0, "float16": 0.0, "int8": 0.98, "web": 0.0, "micro": 0.98}
CONFIDENCE = 0.95
Z_TOLERANCE = {"none": 1e-4, "float16": 0.05, "int8": 1.0}


def litert_name(quantization: str) -> str:
    """The name of a LiteRT file among an export's files: `litert`, `litert-int8`.

    Args:
        quantization: A key of `LITERT_FILES`.
    """
    return "litert" if quantization == "none" else f"litert-{quantization}"


# Where each file (or the SavedModel's folder) lies in a version, by the name it is called.
FILES = {
    "saved_model": "",
    **{litert_name(quantization): file for quantization, file in LITERT_FILES.items()},
    "onnx": ONNX_FILE,
}
