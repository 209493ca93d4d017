"""The configuration of a run: one flat, frozen dataclass, checked when built.

Each default, range and line of help is written here once. The command-line
flags (`tools/cli.py`), the YAML of a run folder and the factory all read it.
"""

import contextlib
import dataclasses
import difflib
import functools
import hashlib
import math

import yaml

from aae_keras.data.defaults import TEST_FRACTION, VALIDATION_SIZE

SETTINGS = (
    "semi-supervised",
    "supervised",
    "clustering",
    "dimensionality-reduction",
    "basic",
    "label-informed",
    "labels-only",
)


_CLUSTERING = ("clustering",)
_REDUCTION = ("dimensionality-reduction",)
_ANY_PRIOR = ("basic", "label-informed")
_DECODED_Y = ("semi-supervised", "supervised", "clustering")


def _option(group, default, help, *, only=SETTINGS, choices=None, low=None, high=None, above=None):
    """A field with its help line, the settings it is for, and the values it may take."""
    rules = {"choices": choices, "low": low, "high": high, "above": above, "only": only}
    return dataclasses.field(default=default, metadata={"group": group, "help": help, **rules})


_recipe = functools.partial(_option, "Recipe")
_data = functools.partial(_option, "Data")
_network = functools.partial(_option, "Networks and priors")
_objective = functools.partial(_option, "Objective")
_clustering = functools.partial(_option, "Clustering, additions", only=_CLUSTERING)
_reduction = functools.partial(_option, "Dimensionality reduction", only=_REDUCTION)
_optimization = functools.partial(_option, "Optimization, one optimizer per phase")
_execution = functools.partial(_option, "Execution")


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that decides what a run does. Fields are documented by their help lines.

    Raises:
        TypeError: If a field has a value of another type than its default.
        ValueError: If a value lies outside its range or choices.
    """

    preset: str = _recipe("", "Recipe the other fields start from, by name.")
    setting: str = _recipe("semi-supervised", "Learning setting.", choices=SETTINGS)

    dataset: str = _data(
        "digits",
        "`digits`, a tensorflow-datasets name, an .npz file, or a folder of images.",
    )
    data_dir: str = _data("", "Folder of tensorflow-datasets; its own default when empty.")
    num_labeled: int = _data(
        0, "Labels that training may see, balanced over the classes; 0: every one.", low=0
    )
    validation_size: float = _data(
        VALIDATION_SIZE,
        "Validation images: a count (1 or more) or a fraction of the training part.",
        low=0,
    )
    test_fraction: float = _data(
        TEST_FRACTION, "Share held out for test where the data has no test part.", above=0, high=0.9
    )
    split_seed: int = _data(
        0, "Seed of that hold-out, independent of `seed`.", low=0, high=2**31 - 1
    )
    image_size: int = _data(0, "Resize images to this many pixels a side; 0: as they are.", low=0)
    skip_unreadable: bool = _data(False, "Leave out image files that cannot be read.")
    streaming: str = _data(
        "auto",
        "Leave a tensorflow-datasets set on disk and read it in every epoch. Auto: above 1 GiB.",
        choices=("auto", "yes", "no"),
    )

    network: str = _network(
        "dense",
        "Layers of encoder and decoder: fully connected, or convolutions first and the hidden "
        "layers after them.",
        choices=("dense", "convolutional"),
    )
    hidden_units: tuple[int, ...] = _network((1000, 1000), "Units of each hidden layer.", low=1)
    latent_dim: int = _network(10, "Dimensions of z.", low=1)
    num_clusters: int = _network(
        0,
        "Categories of y found without labels; 0: the classes, taught by labels.",
        only=_CLUSTERING + _REDUCTION,
        low=0,
    )
    posterior: str = _network(
        "deterministic",
        "q(z given x): a function of the image, a Gaussian, or a function of image and noise, "
        "which y depends on too.",
        choices=("deterministic", "gaussian", "universal"),
    )
    batch_norm: bool = _network(
        False,
        "Batch normalisation of the encoder's layers, y and z; convolutional: of the decoder's "
        "layers too.",
    )
    weight_stddev: float = _network(
        0.01, "Initial weights are N(0, weight_stddev^2); 0: Glorot uniform.", low=0
    )
    y_scale: float = _network(
        1.0,
        "Factor of y where the decoder takes it in beside z; above 1 it learns from y sooner.",
        only=_DECODED_Y,
        above=0,
    )
    informed_discriminator: bool = _network(
        False,
        "The discriminator of z is told the label, so that z says nothing of it.",
        only=("supervised",),
    )
    encoder_average: float = _network(
        0.0,
        "Decay of the running average of the encoder's weights that is used outside training; 0: "
        "the weights themselves.",
        low=0,
        high=0.99999,
    )
    prior: str = _network(
        "gaussian",
        "Prior of z; the other two are for a 2-D z.",
        only=_ANY_PRIOR,
        choices=("gaussian", "gaussian-mixture", "swiss-roll"),
    )
    prior_stddev: float = _network(1.0, "Standard deviation of the Gaussian prior.", above=0)
    prior_scale: float = _network(
        1.0, "Factor of the other priors' size.", only=_ANY_PRIOR, above=0
    )

    reconstruction: str = _objective(
        "squared-error",
        "Reconstruction loss, summed over the pixels (the squared error is halved).",
        choices=("squared-error", "cross-entropy"),
    )
    input_noise: float = _objective(
        0.3, "Std of the Gaussian noise on the encoder's input in training.", low=0
    )
    input_dropout: float = _objective(
        0.0, "Share of the encoder's input values set to 0 in training.", low=0, high=0.99
    )

    cyclic_loss: float = _clustering(
        0.0, "Weight of finding an image's code again in its reconstruction.", low=0
    )
    z_penalty: float = _clustering(0.0, "Weight of half the squared length of z.", low=0)
    mode_decoder: bool = _clustering(
        False, "A second decoder, dense and of y alone, that draws the typical image."
    )
    mode_distance: float = _clustering(
        0.0, "Weight of keeping images of different y at z = 0 apart.", low=0
    )
    balanced_prior: bool = _clustering(
        False, "The prior draws a category the more often the less it is used."
    )

    head_threshold: float = _reduction(
        6.0, "Distance that cluster heads are pushed apart to.", above=0
    )
    head_weight: float = _reduction(1.0, "Weight of that push.", low=0)

    epochs: int = _optimization(60, "Passes over the unlabelled images.", low=1)
    batch_size: int = _optimization(100, "Unlabelled images in a step.", low=1)
    labeled_batch_size: int = _optimization(100, "Labelled images in a step.", low=1)
    optimizer: str = _optimization("sgd", "Update rule of every phase.", choices=("sgd", "adam"))
    reconstruction_rate: float = _optimization(0.01, "Rate of the reconstruction phase.", above=0)
    discriminator_rate: float = _optimization(0.1, "Rate of the discriminators.", above=0)
    generator_rate: float = _optimization(0.1, "Rate of the encoder as generator.", above=0)
    classification_rate: float = _optimization(0.1, "Rate of the classification phase.", above=0)
    momentum: float = _optimization(
        0.9, "Momentum (Adam: beta_1), reconstruction and classification.", low=0, high=0.999
    )
    adversarial_momentum: float = _optimization(
        0.1, "Momentum (Adam: beta_1), discriminators and generator.", low=0, high=0.999
    )
    rate_drops: tuple[int, ...] = _optimization(
        (50, 1000), "Epochs after which every rate is multiplied by `rate_drop_factor`.", low=1
    )
    rate_drop_factor: float = _optimization(0.1, "See `rate_drops`.", above=0, high=1)

    seed: int = _execution(0, "Seed of labels, weights, order and noise.", low=0, high=2**31 - 1)
    schedule: str = _execution(
        "alternating",
        "Phases one after the other (the paper), in two passes (what fits the data, then the game) "
        "or all in one.",
        choices=("alternating", "paired", "simultaneous"),
    )
    precision: str = _execution(
        "float32",
        "Arithmetic of the hidden layers; heads, losses, optimizers stay float32. Auto: bfloat16 "
        "where the processor has instructions for it and there is no GPU.",
        choices=("auto", "float32", "bfloat16"),
    )
    jit_compile: str = _execution(
        "auto",
        "What XLA compiles: the training step, the optimizers' updates alone, or nothing. Auto: "
        "the step; for bfloat16, whose products XLA's CPU code slows down, Adam's updates.",
        choices=("auto", "step", "updates", "off"),
    )
    steps_per_execution: int = _execution(
        20, "Training steps per call of the compiled loop, at most an epoch's.", low=1
    )

    draw_every: int = _execution(
        0, "Draw the pictures every so many epochs, into figures/ and TensorBoard; 0: never.", low=0
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = _coerce(field, getattr(self, field.name))
            _check_range(field, value)
            object.__setattr__(self, field.name, value)
        self._check_setting()
        if list(self.rate_drops) != sorted(set(self.rate_drops)):
            raise ValueError(
                "`rate_drops` must be epochs in growing order, such as 50,1000. "
                f"Received: rate_drops={self.rate_drops}"
            )

    def _check_setting(self):
        """Refuse fields that the setting has no use for, or that contradict each other."""
        for field in dataclasses.fields(self):
            only, value = field.metadata["only"], getattr(self, field.name)
            if self.setting not in only and value != field.default:
                raise ValueError(
                    f"`{field.name}` is for the setting{'s' if len(only) > 1 else ''} "
                    f"{' and '.join(only)}. "
                    f"Received: {field.name}={value!r} with setting={self.setting!r}"
                )
        if self.setting == "clustering" and self.num_clusters < 2:
            raise ValueError(
                "The setting clustering needs `num_clusters` of at least 2. "
                f"Received: num_clusters={self.num_clusters}"
            )
        if self.setting == "label-informed" and self.prior == "gaussian":
            raise ValueError(
                "The setting label-informed needs a prior with a component for each class: "
                "gaussian-mixture or swiss-roll. Received: prior='gaussian'"
            )
        if self.prior == "gaussian" and self.prior_scale != 1:
            raise ValueError(
                "`prior_scale` is for the priors gaussian-mixture and swiss-roll; a Gaussian has "
                f"`prior_stddev`. Received: prior_scale={self.prior_scale}"
            )
        if self.prior != "gaussian" and self.prior_stddev != 1:
            raise ValueError(
                f"`prior_stddev` is for the prior gaussian; {self.prior} has `prior_scale`. "
                f"Received: prior_stddev={self.prior_stddev}"
            )
        if self.prior != "gaussian" and self.latent_dim != 2:
            raise ValueError(
                f"The prior {self.prior} is for a z of 2 dimensions. "
                f"Received: latent_dim={self.latent_dim}"
            )

    @property
    def learns_from_labels(self):
        """Whether training sees labels."""
        return self.setting not in ("basic", "clustering") and not self.num_clusters

    def fingerprint(self):
        """Eight hexadecimal digits that change with any field."""
        return hashlib.sha256(self.to_yaml().encode()).hexdigest()[:8]

    def to_dict(self):
        """The fields as plain Python values, tuples as lists."""
        values = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def to_yaml(self):
        """The complete configuration as YAML; `from_yaml` reads it back."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False)

    @classmethod
    def from_yaml(cls, text, base=None):
        """Read a configuration.

        Args:
            text: YAML mapping of field names to values. The keys `revision` and
                `data_fingerprint`, which a run folder's `config.yaml` adds, are passed over.
            base: `Config` that gives the fields `text` leaves out; the defaults if None.

        Raises:
            ValueError: If `text` is no mapping, or names an unknown field.
        """
        try:
            values = yaml.safe_load(text) or {}
        except yaml.YAMLError as error:
            raise ValueError(f"The configuration is not valid YAML: {error}") from error
        if not isinstance(values, dict):
            raise ValueError(
                "A configuration must be a YAML mapping of field names to values. "
                f"Received: {type(values).__name__}"
            )
        for key in ("revision", "data_fingerprint"):
            values.pop(key, None)
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(
                    f"Unknown configuration field {name!r}.{nearest(str(name), known)}"
                )
        return dataclasses.replace(base or cls(), **values)


def nearest(name, known):
    """The end of an error message: the known names closest to a misspelt one."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f" Did you mean {', '.join(close)}?" if close else f" Known: {', '.join(sorted(known))}."


def _coerce(field, value):
    """The value in the type of the field's default; TypeError if it is of another kind."""
    wanted = type(field.default)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is tuple and isinstance(value, list | tuple):
        if all(isinstance(item, int) and not isinstance(item, bool) for item in value):
            return tuple(value)
    elif wanted is float and number:
        return float(value)
    elif wanted is float and isinstance(value, str):  # YAML reads 1e-4, without a dot, as text
        with contextlib.suppress(ValueError):
            return float(value)
    elif type(value) is wanted:
        return value
    kind = "a list of whole numbers" if wanted is tuple else wanted.__name__
    raise TypeError(f"`{field.name}` must be {kind}. Received: {field.name}={value!r}")


def _check_range(field, value):
    """Compare a value (each item of a tuple) with the range and choices of its field."""
    rules = field.metadata
    if rules["choices"] and value not in rules["choices"]:
        raise ValueError(
            f"`{field.name}` must be one of {', '.join(rules['choices'])}. "
            f"Received: {field.name}={value!r}"
        )
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, str):
            continue
        fits = (
            math.isfinite(item)
            and (rules["low"] is None or item >= rules["low"])
            and (rules["above"] is None or item > rules["above"])
            and (rules["high"] is None or item <= rules["high"])
        )
        if not fits:
            bounds = [
                text.format(rules[key])
                for key, text in (("low", ">= {}"), ("above", "> {}"), ("high", "<= {}"))
                if rules[key] is not None
            ]
            raise ValueError(
                f"`{field.name}` must be finite{''.join(' and ' + b for b in bounds)}. "
                f"Received: {field.name}={value!r}"
            )
