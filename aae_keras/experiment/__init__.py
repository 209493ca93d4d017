"""An experiment: a configuration, its run folder, its training, its scores and pictures.

| file | holds |
|---|---|
| `config`, `presets` | one flat configuration; the recipes that ship |
| `factory`, `optimization`, `hardware` | from a configuration to data and compiled model |
| `runs`, `callbacks`, `training` | the run folder; checkpoints and guards; a whole training |
| `scoring`, `evaluation` | which scores fit a model; those of a run |
| `figures`, `projector`, `generation` | a run's pictures, codes for TensorBoard, images on demand |
"""
