"""The configuration of a run: one flat, frozen dataclass, checked when built.

Each default, range and line of help is written here once. The command-line
flags (`tools/cli.py`), the YAML of a run folder and the factory all read it.
"""

import dataclasses
import functools
import hashlib
from typing import Any

import yaml

from aae_keras.data.defaults import TEST_FRACTION, VALIDATION_SIZE
from aae_keras.experiment.configuration import consistency
from aae_keras.experiment.configuration.fields import checked, fields_in, option
from aae_keras.experiment.configuration.vocabulary import (
    ANY_PRIOR,
    BOTH_CODES,
    DECODED_Y,
    ENCODED_Y,
    EXTRA_TERMS,
    FINDS_CLUSTERS,
    MIXTURES,
    REDUCTION,
    SETTINGS,
)
from aae_keras.phases import PHASES, SCHEDULES
from aae_keras.reading import BACKGROUND, FITS, size_of

_FADE = "Epochs FROM,TO between which that weight grows from 0; at once when empty."

_recipe = functools.partial(option, "Recipe")
_data = functools.partial(option, "Data")
_network = functools.partial(option, "Networks and priors")
_objective = functools.partial(option, "Objective")
_clustering = functools.partial(option, "Clustering, additions", only=("clustering",))
_reduction = functools.partial(option, "Dimensionality reduction", only=REDUCTION)
_optimization = functools.partial(option, "Optimization, one optimizer per phase")
_execution = functools.partial(option, "Execution")


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that decides what a run does. Fields are documented by their help lines.

    Raises:
        TypeError: If a field has a value of another type than its default.
        ValueError: If a value lies outside its range or choices.
    """

    preset: str = _recipe(
        "",
        "Recipe the other fields start from, by name; the tools take `own` where none is named.",
    )
    setting: str = _recipe("semi-supervised", "Learning setting.", choices=SETTINGS)
    pretrain: str = _recipe(
        "",
        "Setting that is trained first; the other starts from its layers of equal name and shape.",
        choices=("", *SETTINGS),
    )
    pretrain_epochs: int = _recipe(10, "Passes of that first stage.", low=1)
    pretrain_clusters: int = _recipe(
        0,
        "Clusters that a first stage finds without labels, for each category that y will have. "
        "They are merged to the categories, which labels name. 0: y begins anew.",
        low=0,
    )
    pretrain_starts: int = _recipe(
        1, "Times they are looked for; those that the others most agree with are taken.", low=1
    )
    pretrain_merged_epochs: int = _recipe(
        0, "Passes of a stage between, of the merged clusters before labels name them.", low=0
    )
    pretrain_keeps_y: bool = _recipe(False, "Y's hidden layers are taken over from them too.")
    resume_from: str = _recipe(
        "", "Folder of a trained run whose weights a new run starts from, in place of `pretrain`."
    )

    dataset: str = _data(
        "digits",
        "`digits`, a tensorflow-datasets name, an .npz file, or a folder of images.",
    )
    data_dir: str = _data("", "Folder of tensorflow-datasets; its own default when empty.")
    labels: str = _data(
        "",
        "Table of labels beside those of the data: a .csv with the columns image,label, or the "
        "JSON that Label Studio exports. It names images of a folder by their path in it, others "
        "by their row, from 0 on.",
    )
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
    image_size: tuple[int, ...] = _data(
        (), "Resize images to H,W pixels, or to N a side; as they are when empty.", low=0
    )
    fit: str = _data(
        FITS[0],
        "How an image of other proportions fills that size: they change, it gets a margin, or it "
        "is cut to its middle.",
        choices=FITS,
    )
    channels: int = _data(
        0, "1: read images as grey; 3: as colour; 0: colour if any of them is.", low=0, high=3
    )
    background: str = _data(
        BACKGROUND, "Colour that transparent images are laid over, such as black or #80ff00."
    )
    pixel_range: str = _data(
        "",
        "Of images with more than 8 bits a channel: the values LOW,HIGH that become black and "
        "white, or `each` for an image's own least and largest. They are refused when empty.",
    )
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
    z_units: tuple[int, ...] = _network(
        (),
        "The same of z's own trunk, with `trunks` of 2; empty: as `hidden_units`.",
        only=ENCODED_Y,
        low=1,
    )
    discriminator_units: tuple[int, ...] = _network(
        (), "The same of the discriminators; empty: as `hidden_units`.", low=1
    )
    latent_dim: int = _network(10, "Dimensions of z.", low=1)
    num_clusters: int = _network(
        0,
        "Categories of y found without labels; 0: the classes, taught by labels.",
        only=FINDS_CLUSTERS + REDUCTION,
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
    batch_norm_heads: bool = _network(True, "With `batch_norm`: y and z too.")
    trunks: int = _network(
        1,
        "1: y and z share the encoder's hidden layers; 2: each has its own.",
        only=ENCODED_Y,
        low=1,
        high=2,
    )
    weight_stddev: float = _network(
        0.01, "Initial weights are N(0, weight_stddev^2); 0: Glorot uniform.", low=0
    )
    y_scale: float = _network(
        1.0,
        "Factor of y where the decoder takes it in beside z; above 1 it learns from y sooner.",
        only=DECODED_Y,
    )
    class_prior: str = _network(
        "uniform",
        "p(y) where y is the class: `uniform`, `labels` (as in the labelled images), or shares "
        "such as 0.9,0.1.",
        only=ENCODED_Y,
    )
    informed_discriminator: bool = _network(
        False,
        "The discriminator of z is told y (supervised: the label), so that z says nothing of it.",
        only=("supervised", *BOTH_CODES),
    )
    encoder_average: float = _network(
        0.0,
        "Decay of the running average of the encoder's weights that is used outside training; 0: "
        "the weights themselves.",
    )
    prior: str = _network(
        "gaussian",
        "Prior of z; the other two are for a 2-D z.",
        only=ANY_PRIOR,
        choices=("gaussian", *MIXTURES),
    )
    prior_stddev: float = _network(1.0, "Standard deviation of the Gaussian prior.")
    prior_scale: float = _network(1.0, "Factor of the other priors' size.", only=ANY_PRIOR)

    reconstruction: str = _objective(
        "squared-error",
        "Reconstruction loss, summed over the pixels (the squared error is halved).",
        choices=("squared-error", "cross-entropy"),
    )
    input_noise: float = _objective(
        0.3, "Std of the Gaussian noise on the encoder's input in training."
    )
    input_dropout: float = _objective(
        0.0, "Share of the encoder's input values set to 0 in training."
    )

    detached_y: bool = _objective(
        False, "The reconstruction shapes z and the decoder, and leaves y alone.", only=BOTH_CODES
    )
    y_game_weight: float = _objective(
        1.0, "Weight of pushing y to its prior, of the generator's loss.", only=BOTH_CODES
    )
    z_game_weight: float = _objective(
        1.0, "Weight of pushing z to its prior, of the generator's loss.", only=BOTH_CODES
    )

    extra_terms: tuple[str, ...] = _objective(
        (), "Terms beside the setting's own.", choices=tuple(EXTRA_TERMS)
    )
    conditional_entropy_weight: float = _objective(
        0.1, "Weight of being sure of every image's y.", term="conditional_entropy", low=0
    )
    conditional_entropy_fade: tuple[int, ...] = _objective(
        (), _FADE, term="conditional_entropy", low=0
    )
    marginal_entropy_weight: float = _objective(
        0.4, "Weight of using every category of y.", term="marginal_entropy", low=0
    )
    marginal_entropy_slack: float = _objective(
        0.01, "Nats by which the use may differ from the prior's.", term="marginal_entropy", low=0
    )
    shift_weight: float = _objective(
        1.0, "Weight of y staying as it is where the image is shifted.", term="shift", low=0
    )
    shift_share: float = _objective(
        0.07, "The most it is shifted by, of its height and width.", term="shift", above=0, high=0.5
    )
    vat_weight: float = _objective(
        1.0, "Weight of y staying as it is under the worst small change.", term="vat", low=0
    )
    vat_fade: tuple[int, ...] = _objective((), _FADE, term="vat", low=0)
    vat_radius: float = _objective(
        0.25, "Length of that change, in the unit of `vat_relative`.", term="vat", above=0
    )
    vat_relative: bool = _objective(
        True,
        "In distances to an image's tenth nearest neighbour; else in pixel units, of range 1.",
        term="vat",
    )
    vat_xi: float = _objective(
        5.0, "Length of the random step that finds the worst direction.", term="vat", above=0
    )
    vat_confidence: float = _objective(
        0.0, "Only images whose most probable y has more than this count.",
        term="vat", low=0, below=1,
    )  # fmt: skip

    cyclic_loss: float = _clustering(
        0.0, "Weight of finding an image's code again in its reconstruction."
    )
    z_penalty: float = _clustering(0.0, "Weight of half the squared length of z.")
    mode_decoder: bool = _clustering(
        False, "A second decoder, dense and of y alone, that draws the typical image."
    )
    mode_distance: float = _clustering(
        0.0, "Weight of keeping images of different y at z = 0 apart."
    )
    balanced_prior: bool = _clustering(
        False, "The prior draws a category the more often the less it is used."
    )

    head_threshold: float = _reduction(6.0, "Distance that cluster heads are pushed apart to.")
    head_weight: float = _reduction(1.0, "Weight of that push.")

    epochs: int = _optimization(60, "Passes over the unlabelled images.", low=1)
    least_steps: int = _optimization(
        0,
        "Steps to train for at least: where `epochs` are fewer, batches are smaller, down to a "
        "tenth of the images, and every stage takes more passes, in proportion; 0: as stated.",
        low=0,
    )
    batch_size: int = _optimization(100, "Unlabelled images in a step.", low=1)
    labeled_batch_size: int = _optimization(100, "Labelled images in a step.", low=1)
    optimizer: str = _optimization("sgd", "Update rule of every phase.", choices=("sgd", "adam"))
    reconstruction_rate: float = _optimization(
        PHASES["reconstruction"].rate, "Rate of the reconstruction phase.", above=0
    )
    discriminator_rate: float = _optimization(
        PHASES["discriminator"].rate, "Rate of the discriminators.", above=0
    )
    generator_rate: float = _optimization(
        PHASES["generator"].rate, "Rate of the encoder as generator.", above=0
    )
    classification_rate: float = _optimization(
        PHASES["classification"].rate, "Rate of the classification phase.", above=0
    )
    momentum: float = _optimization(
        PHASES["reconstruction"].momentum,
        "Momentum (Adam: beta_1), reconstruction and classification.", low=0, high=0.999,
    )  # fmt: skip
    adversarial_momentum: float = _optimization(
        PHASES["generator"].momentum,
        "Momentum (Adam: beta_1), discriminators and generator.", low=0, high=0.999,
    )  # fmt: skip
    rate_drops: tuple[int, ...] = _optimization(
        (50, 1000), "Epochs after which every rate is multiplied by `rate_drop_factor`.", low=1
    )
    rate_drop_factor: float = _optimization(0.1, "See `rate_drops`.", above=0, high=1)
    rate_fall: float = _optimization(
        0.0, "Share of the epochs, the last ones, in which rates fall linearly to 0.", low=0, high=1
    )

    seed: int = _execution(0, "Seed of labels, weights, order and noise.", low=0, high=2**31 - 1)
    schedule: str = _execution(
        "alternating",
        "Phases one after the other (the paper), in two passes (what fits the data, then the game) "
        "or all in one.",
        choices=tuple(SCHEDULES),
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
        # One whole number was the only form once, and run folders have it.
        object.__setattr__(self, "image_size", size_of(self.image_size) or ())
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, checked(field, getattr(self, field.name)))
        consistency.check(self)

    @property
    def learns_from_labels(self) -> bool:
        """Whether training sees labels."""
        stages = {self.setting, self.pretrain} - {"", "basic", *FINDS_CLUSTERS}
        return bool(stages - {"dimensionality-reduction"} if self.num_clusters else stages)

    @property
    def needs_distances(self) -> bool:
        """Whether training asks how far each image is from its neighbours."""
        return "vat" in self.extra_terms and self.vat_relative

    def fingerprint(self) -> str:
        """Eight hexadecimal digits that change with any field."""
        return hashlib.sha256(self.to_yaml().encode()).hexdigest()[:8]

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain Python values, tuples as lists."""
        values = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def to_yaml(self) -> str:
        """The complete configuration as YAML; `from_yaml` reads it back."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False)

    @classmethod
    def from_yaml(cls, text: str, base: "Config | None" = None) -> "Config":
        """Read a configuration.

        Args:
            text: YAML mapping of field names to values. The keys `revision` and
                `data_fingerprint`, which a run folder's `config.yaml` adds, are passed over.
            base: `Config` that gives the fields `text` leaves out; the defaults if None.

        Raises:
            TypeError, ValueError: If `text` is no mapping, or names an unknown field or value.
        """
        return dataclasses.replace(base or cls(), **cls.fields_of(text))

    @classmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """The fields that `from_yaml` would read, by name; each is possible by itself."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        return fields_in(text, known, beside=("revision", "data_fingerprint"))
