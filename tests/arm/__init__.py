"""The LiteRT files on the other architecture: `python -m tests.arm` emulates an aarch64 machine.

| file | holds |
|---|---|
| `machine` | an emulated machine: Debian's Python for aarch64, LiteRT and Pillow |
| `__main__` | `tools.predict` on it and here, label by label |

Not part of `make test`, since it downloads some 50 MB with apt-get and pip, on Debian alone.
"""
