"""Modules by the names they had, in version 0.1, when all stood side by side, and since."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

_EXPERIMENT = {
    "config": "configuration",
    "presets": "configuration",
    "runs": "run_folder",
    "factory": "building",
    "hardware": "building",
    "optimization": "building",
    "evaluation": "scores",
    "scoring": "scores",
    "figures": "pictures",
    "generation": "pictures",
    "projector": "pictures",
    "callbacks": "learning",
    "training": "learning",
}
_SETTINGS = (
    "basic", "clustering", "dimensionality_reduction", "label_and_style", "label_informed",
    "labels_only", "latent_z", "semi_supervised", "supervised",
)  # fmt: skip

# Where each stands now, below the package.
HOMES = {
    **{name: f"experiment.{room}.{name}" for name, room in _EXPERIMENT.items()},
    **{f"experiment.{name}": f"experiment.{room}.{name}" for name, room in _EXPERIMENT.items()},
    **{f"models.{name}": f"models.settings.{name}" for name in _SETTINGS},
    "applying": "models.inference",
    "data.labelling": "data.joining",
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
        if self._home(fullname):
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def _home(self, fullname):
        """Where a module stands now, below the package; None if it never moved."""
        package, _, name = fullname.partition(".")
        for old in HOMES if package == self.package else ():
            if name == old or name.startswith(f"{old}."):
                return HOMES[old] + name.removeprefix(old)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The module at its new place, imported as itself."""
        module = importlib.import_module(f"{self.package}.{self._home(spec.name)}")
        self.spec = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """It has been executed already; the import system has just replaced its `__spec__`."""
        module.__spec__ = sys.modules[module.__name__].__spec__ = self.spec
