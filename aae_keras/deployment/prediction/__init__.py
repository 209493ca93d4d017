"""Prediction from an export: a SavedModel or an ONNX file, a LiteRT file, or a server that has one.

| file | asks |
|---|---|
| `opening` | which of the readers an export needs |
| `local` | files: by TensorFlow, by `ai_edge_litert` or `onnxruntime` without it |
| `files` | a reader about image files |
| `remote` | TensorFlow Serving, by REST or gRPC |
"""

from aae_keras.deployment.prediction.files import answer_row, predict_files
from aae_keras.deployment.prediction.local import (
    LiteRTPredictor,
    OnnxPredictor,
    PredictorError,
    SavedModelPredictor,
)
from aae_keras.deployment.prediction.opening import locate, open_predictor

__all__ = [
    "LiteRTPredictor",
    "OnnxPredictor",
    "PredictorError",
    "SavedModelPredictor",
    "answer_row",
    "locate",
    "open_predictor",
    "predict_files",
]
