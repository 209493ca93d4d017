"""The contract of an export, as data: what a server or a phone may rely on.

| signature | inputs | outputs (first dimension: the batch) |
|---|---|---|
| `serving_default` | `image` float32 [N, H, W, C] in [0, 1] | `CLASSIFY_OUTPUTS` |
| `encode` | `image` | `ENCODE_OUTPUTS` |
"""

FORMATS = ("saved_model", "litert")

CLASSIFY = "serving_default"
ENCODE = "encode"

IMAGE = "image"

# Output names and their TensorFlow dtypes; K classes, D dimensions of z.
CLASSIFY_OUTPUTS = {
    "label": "int64",  # [N]
    "class_name": "string",  # [N]
    "confidence": "float32",  # [N], the largest probability
    "probabilities": "float32",  # [N, K]
}
ENCODE_OUTPUTS = {
    "y": "float32",  # [N, K]
    "z": "float32",  # [N, D]
}

MANIFEST = "assets.extra/manifest.json"
LITERT_FILE = "litert/encoder.tflite"
