"""Prediction from an export: a SavedModel or an ONNX file, a LiteRT file, or a server that has one.

| file | holds |
|---|---|
| `opening` | `open_predictor`: the predictor that an export needs |
| `local` | the predictors: TensorFlow, or `ai_edge_litert` or `onnxruntime` without it |
| `files` | classifying image files with a predictor |
| `printing` | rows as text: lines of JSON, CSV, tasks for Label Studio |
| `bulk` | classifying a million of them into a file, and going on after a kill |
| `beam` | the same on many machines, by Apache Beam; needs the extra `beam` |
| `listing`, `tables` | which images that are; the file, in each of its formats |
| `remote` | classifying image files with TensorFlow Serving, by REST or gRPC |
"""

from aae_keras.deployment.prediction.files import answer_row, predict_files
from aae_keras.deployment.prediction.local import (
    LiteRTPredictor,
    OnnxPredictor,
    Predictor,
    PredictorError,
    SavedModelPredictor,
)
from aae_keras.deployment.prediction.opening import locate, open_predictor

__all__ = [
    "LiteRTPredictor",
    "OnnxPredictor",
    "Predictor",
    "PredictorError",
    "SavedModelPredictor",
    "answer_row",
    "locate",
    "open_predictor",
    "predict_files",
]
