"""A trained run as files that other people's software takes: TF Serving, LiteRT, ONNX.

An export is written aside, read back, compared with the Keras model, and only then renamed to its
version: a server that polls the folder never sees half a model, or one that answers otherwise.

| file | holds |
|---|---|
| `version` | the whole of it: `export_run` |
| `signatures` | what is answered: a function for each signature of `contract` |
| `image_bytes` | image files decoded as training reads them |
| `calibration`, `novelty` | two numbers fitted on images: a temperature, and what is usual |
| `saved_model`, `litert`, `onnx` | the formats |
| `card` | the model card; `clients/` has what it says of clients |
| `verification` | whether they answer like the Keras model |
"""

from aae_keras.deployment.export.version import export_run
from aae_keras.errors import ExportError

__all__ = ["ExportError", "export_run"]
