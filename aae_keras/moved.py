"""Modules by the names they had in version 0.1, when all of them stood side by side."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

_EXPERIMENT = (
    "callbacks", "config", "evaluation", "factory", "figures", "generation", "hardware",
    "optimization", "presets", "projector", "runs", "scoring", "training",
)  # fmt: skip

# Where each stands now, below the package.
HOMES = {
    **{name: f"experiment.{name}" for name in _EXPERIMENT},
    "applying": "models.inference",
    "export": "deployment.export",
    "prediction": "deployment.prediction",
    "serving": "deployment.contract",
    "versions": "deployment.versions",
}


class MovedModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `PACKAGE.old` and `PACKAGE.old.part`: the very module that stands elsewhere now.

    Args:
        package: Name of the package.
    """

    def __init__(self, package: str):
        self.package = package

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        package, _, name = fullname.partition(".")
        if package == self.package and name.partition(".")[0] in HOMES:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The module at its new place, imported as itself."""
        old, _, part = spec.name.removeprefix(f"{self.package}.").partition(".")
        module = importlib.import_module(".".join(filter(None, (self.package, HOMES[old], part))))
        self.spec = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """It has been executed already; the import system has just replaced its `__spec__`."""
        module.__spec__ = sys.modules[module.__name__].__spec__ = self.spec
