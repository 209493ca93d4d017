"""What every learning setting shares: networks and codes, the usual terms, the batch, saving."""

import contextlib

import keras
from keras import ops

from aae_keras import losses, noise
from aae_keras.images import to_unit_range
from aae_keras.models.averaging import RunningAverage
from aae_keras.models.posteriors import Posterior
from aae_keras.models.randomness import corrupt, random_seeds
from aae_keras.models.step import SteppedModel, unpack_training
from aae_keras.models.terms import Batch, Term
from aae_keras.networks import call_network, mixes_rows, output_shapes, upstream_variables


class AdversarialModel(SteppedModel):
    """Base of the learning settings: a subclass says what its networks and its terms are.

    Use it like any Keras model. A training element is `({"unlabeled": x_u, "labeled": x_l},
    labels)`, or `({"unlabeled": x_u},)` where the setting needs no labels; a validation element
    `(x, labels)` or `(x,)`; images are uint8, or float in [0, 1].

    Args:
        parts: Dict of the networks and priors, by the names they have in the subclass's
            constructor; each becomes an attribute, and None stays None. One is the `encoder`.
        priors: Dict of those priors by the code they are the target of, `y` or `z`.
        options: Dict of further numbers and choices of the subclass, by the names they have in its
            constructor; each becomes an attribute.
        input_noise: Standard deviation of the Gaussian noise on the encoder's input in training,
            in units of the pixel range [0, 1]. The target of reconstruction stays clean.
        input_dropout: Share of the encoder's input values set to 0 in training, in [0, 1).
        reconstruction: Key of `losses.RECONSTRUCTION`.
        encoder_average: Decay of the running average of the encoder's weights that is used
            outside training, in [0, 1); 0 uses the weights themselves. `encoder` has the latter.
        seed: Whole number: with the step (and replica) it decides every random draw.

    Raises:
        TypeError: If the encoder is no functional model.
        ValueError: If the encoder has other inputs or outputs, a prior has not as many dimensions
            as its code, or an argument is out of range.
    """

    # Whether latent y is part of the code: then it is what `call` returns.
    has_y = True
    # Whether the decoder's y is the true label, which the encoder does not find.
    told_labels = False

    def __init__(
        self,
        parts,
        priors,
        options=None,
        input_noise=0.3,
        input_dropout=0.0,
        reconstruction="squared-error",
        encoder_average=0.0,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.posterior = Posterior(parts["encoder"], with_y=self.has_y)
        if not input_noise >= 0:
            raise ValueError(f"`input_noise` must be at least 0. Received: {input_noise=}")
        if not 0 <= input_dropout < 1:
            raise ValueError(f"`input_dropout` must lie in [0, 1). Received: {input_dropout=}")
        if not 0 <= encoder_average < 1:
            raise ValueError(f"`encoder_average` must lie in [0, 1). Received: {encoder_average=}")
        if reconstruction not in losses.RECONSTRUCTION:
            raise ValueError(
                f"`reconstruction` must be one of {', '.join(losses.RECONSTRUCTION)}. "
                f"Received: reconstruction={reconstruction!r}"
            )
        options = {
            **(options or {}),
            "input_noise": float(input_noise),
            "input_dropout": float(input_dropout),
            "reconstruction": reconstruction,
            "encoder_average": float(encoder_average),
            "seed": int(seed),
        }
        self.part_names = tuple(parts)
        self.option_names = tuple(options)
        for name, value in (parts | options).items():
            setattr(self, name, value)
        self.priors = priors
        self.count_steps()
        self._average = RunningAverage(self, self.encoder, self.encoder_average)
        self._check_codes()
        self._check_regularizers()
        self.track_terms()
        self.built = True

    # What a setting is made of: a subclass defines `build_terms`.

    def reconstruction_term(self, *others, needs_labels=False):
        """The decoded code of the corrupted image against the clean image (section 2).

        Args:
            *others: Networks between encoder and decoder that it moves too.
            needs_labels: Whether the decoder is told the label.
        """
        distance = losses.RECONSTRUCTION[self.reconstruction]
        moved = (self.encoder, *others, self.decoder)
        return Term(
            "reconstruction_loss",
            phase="reconstruction",
            loss=lambda forward: distance(forward.batch.images, forward.image_logits),
            moves=[variable for network in moved for variable in network.trainable_variables],
            validated=True,
            needs_labels=needs_labels,
        )

    def adversarial_terms(self, name, discriminator, code):
        """The game over one code: the discriminator's term and the encoder's (section 2).

        Args:
            name: Short name of the discriminator, for logs: `cat` or `gauss`.
            discriminator: Its network.
            code: Which code it judges, a key of `Batch.prior` and of `code_of`.
        """
        outputs = ["y_logits"] if code == "y" else self.posterior.outputs
        return [
            Term(
                f"discriminator_{name}_loss",
                phase="discriminator",
                loss=lambda forward: losses.discriminator_loss(
                    *forward.log_odds(discriminator, code)
                ),
                moves=discriminator.trainable_variables,
            ),
            Term(
                f"generator_{name}_loss",
                phase="generator",
                loss=lambda forward: losses.generator_loss(
                    forward.code_log_odds(discriminator, code)
                ),
                moves=upstream_variables(self.encoder, outputs),
                reversed=not mixes_rows(discriminator),
            ),
        ]

    def classification_term(self):
        """Cross-entropy of latent y on the labelled images (section 5)."""
        return Term(
            "classification_loss",
            phase="classification",
            loss=lambda forward: losses.classification_loss(
                forward.batch.labels, forward.labeled_code["y_logits"]
            ),
            moves=upstream_variables(self.encoder, ["y_logits"]),
            validated=True,
            needs_labels=True,
        )

    @property
    def categories(self):
        """How many values of y the decoder can draw; 0 if it takes no y."""
        return 0

    # What the model computes.

    def encode(self, images, training=False, noise=None):
        """Codes of images.

        Args:
            images: Float in [0, 1], shape (batch, height, width, channels).
            training: As in any Keras call.
            noise: Of the posterior, shape (batch, `posterior.noise_dim`); None for zero.

        Returns:
            Dict of float32 tensors: `z` (batch, latent_dim), and where the setting has a latent y
            `y_logits` and `y`, its softmax, both (batch, categories).
        """
        with contextlib.nullcontext() if training else self._average.in_place():
            inputs = self.posterior.inputs(images, noise)
            outputs = call_network(self.encoder, inputs, training)
        code = {"z": self.posterior.z(outputs, noise)}
        if self.has_y:
            code |= {"y_logits": outputs["y_logits"], "y": ops.softmax(outputs["y_logits"])}
        return code

    def code_of(self, batch, training):
        """Codes of a `Batch`'s unlabelled images, and whatever else its terms ask for by name."""
        return self.encode(batch.corrupted, training, batch.noise)

    def decode(self, code, training=False):
        """Image logits of a code, shape (batch, height, width, channels).

        Args:
            code: Dict with what the decoder takes, by name: `y` and `z`, say.
            training: As in any Keras call.
        """
        inputs = {tensor.name: code[tensor.name] for tensor in self.decoder.inputs}
        return call_network(self.decoder, inputs, training)["image_logits"]

    def call(self, images, training=False):
        """Latent y, the probability of each category; latent z in a setting without y."""
        return self.encode(to_unit_range(images), training)["y" if self.has_y else "z"]

    # The batch.

    def draw(self, data):
        """The `Batch` of a training step, from an element of the data set."""
        needs_labels = any(term.needs_labels for term in self.terms)
        inputs, labels = unpack_training(data, needs_labels)
        labeled = inputs.get("labeled")
        return self.batch_of(
            to_unit_range(inputs["unlabeled"]),
            None if labeled is None else to_unit_range(labeled),
            labels,
        )

    def batch_of(self, images, labeled, labels):
        """A `Batch`: images corrupted, samples of the priors and noise drawn."""
        seeds = random_seeds(self.seed, self.step)
        return Batch(
            images=images,
            corrupted=self.corrupt(images, next(seeds)),
            labeled=None if labeled is None else self.corrupt(labeled, next(seeds)),
            labels=labels,
            prior=self.sample_priors(ops.shape(images)[0], labels, seeds),
            noise=self.posterior_noise(images, seeds),
            labeled_noise=self.posterior_noise(labeled, seeds),
        )

    def corrupt(self, images, seed):
        """What the encoder sees of images in training."""
        return corrupt(images, seed, self.input_noise, self.input_dropout)

    def sample_priors(self, count, labels, seeds):
        """What the discriminators take for real: dict by code of samples, shape (count, dim)."""
        return {name: prior.sample(count, next(seeds)) for name, prior in self.priors.items()}

    def after_step(self, forward):
        """Take the step's weights into the average."""
        self._average.update(self.step)

    def posterior_noise(self, images, seeds):
        """Noise for the posterior of images, N(0, I); None if it takes none."""
        if images is None or not self.posterior.noise_dim:
            return None
        return noise.normal([ops.shape(images)[0], self.posterior.noise_dim], next(seeds))

    # Saving.

    def get_config(self):
        """Networks, priors and numbers: what the constructor takes."""
        own = {name: getattr(self, name) for name in (*self.part_names, *self.option_names)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        """The model that `get_config` describes."""
        return cls(
            **{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()}
        )

    def _check_regularizers(self):
        for name in self.part_names:
            if getattr(getattr(self, name), "losses", None):
                raise ValueError(
                    f"`{name}` has regularizers or activity losses, which belong to no phase and "
                    "would be left out. Use the optimizers' `weight_decay`, or a term of your own."
                )

    def _check_codes(self):
        shapes = output_shapes(self.encoder)
        for code, prior in self.priors.items():
            output = "y_logits" if code == "y" else self.posterior.outputs[0]
            if shapes[output] != (None, prior.dim):
                raise ValueError(
                    f"The prior of {code} must have as many dimensions as the encoder's {output}, "
                    f"whose shape is {shapes[output]}. Received: dim={prior.dim}"
                )
