"""A trained encoder in use: the contract of its exports, their versions, and asking them.

| file | holds |
|---|---|
| `contract` | signatures, file names, tolerances: what a server or a phone may rely on |
| `versions` | numbered folders that a server polls |
| `export/` | a trained run written as SavedModel, LiteRT and ONNX files, and verified |
| `prediction/` | asking those files, or a server that has one |
"""
