"""What every tool shares: help in an instant, exit codes, messages in place of tracebacks.

Exit code 0 only on success, 2 for a usage error, 1 for a failure. Results go to stdout, all else
to stderr. TensorFlow is imported after the flags have been read.
"""

import contextlib
import dataclasses
import logging
import os
import re
import signal
import sys
import textwrap

from absl import app, flags
from absl import logging as absl_logging

from aae_keras import backend, interrupts
from aae_keras.errors import UserError, first_line
from aae_keras.experiment.configuration.changes import changed, consequences
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.configuration.fields import holds_names
from aae_keras.experiment.configuration.presets import OWN, PRESETS, from_yaml, start
from aae_keras.extras import how_to_install

from . import streams

FLAGS = flags.FLAGS

# What `pip install` must add for a package that is missing: an extra of pyproject.toml.
_EXTRAS = {
    **dict.fromkeys(("ai_edge_litert", "onnxruntime"), "edge"),
    "apache_beam": "beam",
    **dict.fromkeys(("onnx", "tf2onnx"), "onnx"),
    "optuna": "tune",
    "pyarrow": "parquet",
    **dict.fromkeys(("grpc", "tensorflow_serving"), "serving"),
    **dict.fromkeys(("keras", "matplotlib", "scipy", "sklearn"), "train"),
    **dict.fromkeys(("tensorboard", "tensorflow", "tensorflow_datasets"), "train"),
}

_DEFINERS = {
    str: flags.DEFINE_string,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    bool: flags.DEFINE_boolean,
    tuple: flags.DEFINE_list,
}


class Usage(Exception):
    """A command line that cannot be carried out as it stands."""


class Tool:
    """One command: its flags, in groups, and its main function, which `@TOOL.main` marks.

    Args:
        name: As in `python -m tools.NAME`.
        summary: One or two sentences, shown by `--help`.
        arguments: What may follow the flags, for the usage line; "" refuses any.
    """

    def __init__(self, name, summary, arguments=""):
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.groups = {}
        self._flags = []
        self._fields = set()
        self._preset = OWN
        self._main = None

    def main(self, function):
        """Decorator of the function that does the work; it takes what follows the flags."""
        self._main = function
        return function

    def flag(self, kind, name, default, help, group="Command"):
        """Give this tool a flag; `kind` is one of str, int, float, bool, tuple."""
        self._flags.append((kind, name, default, help))
        self.groups.setdefault(group, []).append(name)

    def define(self):
        """Define the flags. Not on import: two tools in one process may share names."""
        for kind, *definition in self._flags:
            _DEFINERS[kind](*definition)

    def config_flags(self, preset=OWN):
        """A flag for each field of `Config`, unset unless given, and the preset they change."""
        self._preset = preset
        for field in dataclasses.fields(Config):
            kind = type(field.default)
            choices = sorted(PRESETS) if field.name == "preset" else field.metadata["choices"]
            known = ", ".join(filter(None, choices or ()))
            text = field.metadata["help"] + (f" One of: {known}." if known else "")
            self.flag(kind, field.name, None, text, field.metadata["group"])
            self._fields.add(field.name)

    def run_flags(self):
        """The flags of a tool that works on a trained run."""
        self.flag(str, "run_dir", "", "The run folder.")
        self.flag(str, "dataset", None, "Where its data lies now, if it has moved.")
        self.flag(str, "data_dir", None, "Where its tensorflow-datasets folder lies now.")
        self.flag(str, "labels", None, "Where its table of labels lies now.")

    def help(self, argv=()):
        """The text of `--help`; fields have the values of the preset that the command names."""
        usage = f"usage: python -m tools.{self.name} [flags] {self.arguments}".rstrip()
        lines = [as_called(usage), ""]
        lines += textwrap.wrap(self.summary, 96)
        following = [*argv[1:], ""]
        named = [
            word.partition("=")[2] or after
            for word, after in zip(argv, following, strict=False)
            if word.lstrip("-").partition("=")[0] == "preset"
        ]
        preset = next((name for name in named if name in PRESETS), None)
        if self._fields:
            shown = f"Brackets have the values of the preset {preset or self._preset}"
            other = "" if preset else "; --preset=NAME --help shows those of another"
            lines += ["", *textwrap.wrap(f"{shown}{other}.", 96)]
        base = start(preset or self._preset, {})
        defaults = {name: getattr(base, name) for name in self._fields}
        for group, names in self.groups.items():
            lines += ["", f"{group}:"]
            for name in names:
                default = FLAGS[name].default
                default = defaults.get(name) if default is None else default
                if isinstance(default, tuple | list):
                    default = ",".join(map(str, default))
                text = FLAGS[name].help + (f" [{default}]" if default not in (None, "") else "")
                lines += textwrap.wrap(
                    f"--{name}: {text}", 96, initial_indent="  ", subsequent_indent="      ",
                    break_on_hyphens=False,
                )  # fmt: skip
        return "\n".join(lines)

    def run(self):
        """Read the flags, call the main function, and exit."""

        def parse(argv):
            if any(word in ("--help", "-help", "-h", "--helpfull") for word in argv[1:]):
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--help | head` is no error
                streams.open_all()
                with streams.writing(self._fail):
                    print(self.help(argv[1:]))
                sys.exit(0)
            try:
                arguments = FLAGS(argv)[1:]
                _expand_home()
                if arguments and not self.arguments:
                    raise Usage(f"Unexpected argument {arguments[0]!r}.")
            except (flags.Error, Usage) as error:
                self._fail(error, 2, f"See python -m tools.{self.name} --help")
            return arguments

        self.define()
        app.run(self._guard, flags_parser=parse)

    def _guard(self, arguments):
        streams.open_all()
        _log_to_stderr()
        interrupts.catch()
        os.environ["MPLBACKEND"] = "agg"  # files are written, no window is opened
        try:
            with streams.writing(self._fail):
                self._main(arguments)
        except Usage as error:
            self._fail(error, 2)
        except (UserError, FloatingPointError) as error:
            self._fail(error, 1)
        except OSError as error:
            self._fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "), 1)
        except MemoryError as error:
            self._fail(f"This takes more memory than there is. {first_line(error)}", 1)
        except ModuleNotFoundError as error:
            package = str(error.name).partition(".")[0]
            if package not in _EXTRAS:
                raise
            install = how_to_install(_EXTRAS[package])
            self._fail(f"This needs {package}, which is not installed: {install}", 1)
        except KeyboardInterrupt as error:
            self._fail(f"Interrupted. {error}".rstrip(), 1)
        except tensorflow_errors() as error:  # a full disk, say
            self._fail(first_line(error), 1)

    def _fail(self, message, code, *more):
        for line in (f"{self.name}: {message}", *more):
            with contextlib.suppress(OSError):  # nobody may be listening any more
                print(as_called(line), file=sys.stderr)
        streams.flush()
        sys.exit(code)


def _expand_home():
    """Put the home folder in place of `~`, which no shell does behind `--flag=`."""
    for name in FLAGS:
        value = FLAGS[name].value
        words = value if isinstance(value, list) else [value]
        if any(isinstance(word, str) and word.startswith("~/") for word in words):
            words = [os.path.expanduser(word) for word in words]
            FLAGS[name].value = words if isinstance(value, list) else words[0]


def as_called(text):
    """`python -m tools.NAME` in a text, by the name that an installation has for it: `aae-NAME`."""
    if __package__ == "tools":
        return text
    return re.sub(
        r"python -m tools\.(\w+)", lambda found: f"aae-{found[1].replace('_', '-')}", text
    )


def config_from_flags(base=None):
    """The configuration that preset, config file and flags give together, in this precedence.

    Args:
        base: `Config` to start from where neither `--preset` nor `--config` is given.

    Raises:
        Usage: If a name or value is not one a configuration can have.
    """
    try:
        fields = given_fields()
        base = base if FLAGS.preset is None else start(FLAGS.preset, fields)
        if FLAGS.config:
            base = _config_from_file(FLAGS.config, base)
        return changed(base or start(None, fields), **fields)
    except (ValueError, TypeError) as error:
        raise Usage(error) from error


def config_of_run(folder):
    """The base where a run is gone on with, or started from: its configuration; None without."""
    if not folder:
        return None
    from aae_keras.experiment.run_folder import runs

    return runs.open_run(folder).config


def flags_of(config):
    """The flags of `tools.train` that make a configuration from its preset, or from the defaults.

    The seed is the last of them, whatever it is.
    """
    base = start(config.preset, {})
    given, flags = {}, []
    for name in (
        "resume_from",
        "setting",
        "num_clusters",
        "pretrain",
        "extra_terms",
        "epochs",
    ):  # these bring about others
        if consequences(base, given).get(name, getattr(base, name)) != getattr(config, name):
            given[name] = getattr(config, name)
    brought = consequences(base, given)
    for field in dataclasses.fields(config):
        name, value = field.name, getattr(config, field.name)
        expected = brought.get(name, getattr(base, name))
        if name not in ("preset", "seed") and (name in given or value != expected):
            items = value if isinstance(value, tuple) else (value,)
            flags.append(f"--{name}={','.join(map(str, items))}")
    return [f"--preset={config.preset}", *flags, f"--seed={config.seed}"]


def given_fields():
    """The `Config` fields that the command line sets, by name."""
    fields = {}
    for field in dataclasses.fields(Config):
        if FLAGS[field.name].present:
            value = FLAGS[field.name].value
            if holds_names(field):
                value = tuple(value)
            elif isinstance(value, list):
                value = tuple(whole_numbers(field.name, "64,64"))
            fields[field.name] = value
    return fields


def moved_data():
    """The flags of `run_flags` that say where a run's data lies now, for `load_trained`."""
    names = ("dataset", "data_dir", "labels")
    return {name: FLAGS[name].value for name in names if FLAGS[name].value is not None}


def tensorflow_errors():
    """TensorFlow's own kind of error, if it has been imported at all."""
    tensorflow = sys.modules.get("tensorflow")
    return (tensorflow.errors.OpError,) if tensorflow else ()


def whole_numbers(name, example):
    """The value of a flag that takes whole numbers with commas between them."""
    words = FLAGS[name].value
    try:
        return [int(word) for word in words]
    except ValueError as error:
        raise Usage(
            f"--{name} takes whole numbers with commas between them, such as {example}. "
            f"Received: --{name}={','.join(words)}"
        ) from error


def required(name, example):
    """The value of a flag that must be given."""
    value = FLAGS[name].value
    if not value:
        raise Usage(f"--{name} is needed, for example --{name}={example}")
    return value


def refuse(names, why):
    """Refuse flags that would not be used, where one is given.

    Args:
        names: Of flags.
        why: What follows the name of the first that is given, in the message.
    """
    if given := [name for name in names if FLAGS[name].present]:
        raise Usage(f"--{given[0]} {why}")


def check_trained(folder):
    """Refuse a folder without a trained run, before the seconds that TensorFlow takes to load."""
    from aae_keras.experiment.run_folder import runs

    runs.open_trained(folder)


def load_tensorflow():
    """Import TensorFlow and Keras without their start-up lines, which no setting silences."""
    backend.check()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import keras
        import tensorflow
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    return tensorflow, keras


def _config_from_file(path, base):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        named = Config.fields_of(text).get("preset")
        if named is not None and FLAGS.preset not in (None, named):
            raise ValueError(f"it says preset: {named!r}, and --preset={FLAGS.preset}: choose one.")
        return from_yaml(text, base if named is None else None)
    except OSError as error:
        raise Usage(f"--config={path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise Usage(f"--config={path}: {error}") from error


def _log_to_stderr():
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    absl_logging.set_verbosity(absl_logging.ERROR)
    library = logging.getLogger("aae_keras")
    library.handlers = [handler]
    library.setLevel(logging.INFO)
    library.propagate = False
