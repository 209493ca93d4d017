"""A trained encoder in use: its exports, their contract and versions, and prediction with them.

| file | holds |
|---|---|
| `contract` | signatures, file names, tolerances: what a server or a phone may rely on |
| `versions` | numbered folders that a server polls |
| `export/` | a trained run written as SavedModel, LiteRT and ONNX files, and verified |
| `prediction/` | classifying images with those files, or with a server that has one |
"""
