"""An experiment: a configuration, its run folder, its training, its scores and pictures.

The rooms, each of which knows those above it alone:

| room | holds |
|---|---|
| `configuration` | one flat configuration, its YAML, what it must not say; the recipes that ship |
| `run_folder` | what lies where in a run folder: its owner, checkpoints, seals, what it has left |
| `building` | from a configuration to data and a compiled model |
| `scores` | which scores fit a model; those of a run; other classifiers on its split |
| `pictures` | a run's pictures, codes for TensorBoard, images on demand |
| `learning` | a whole training: stages, starts, devices, callbacks, what goes wrong |
| `search` | short runs of changed configurations for own data |
| `reproduction` | the rows of the results: what they are, what runs gave, what is kept of them |
"""
