"""What an export answers: a TensorFlow function for each signature of `contract`.

Every input and output has the batch as its first dimension, seeds too: a server batches requests
along it. Nothing of the model is copied; the functions share its variables.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from aae_keras import losses
from aae_keras.deployment import contract
from aae_keras.deployment.export.image_bytes import decode_images
from aae_keras.deployment.export.novelty import Novelty
from aae_keras.images import to_unit_range
from aae_keras.models import AdversarialModel, LatentY
from aae_keras.networks import input_shapes
from aae_keras.reading import Reading


class Signatures:
    """The functions of a model that an export serves; `functions` returns all of them.

    Images are float32 in [0, 1], shape [N, height, width, channels]; codes are those of the
    model's `encode`.

    Args:
        model: A model of this project.
        class_names: One string per value of y.
        temperature: What the logits are divided by in the classify signatures, above 0.
        novelty: A fitted `Novelty`; None leaves `score_novelty` out.
        with_decoder: Whether to serve the functions of the decoder too.
        reading: How image files become pixels; None: the defaults.
    """

    def __init__(
        self,
        model: AdversarialModel,
        class_names: Sequence[str],
        temperature: float = 1.0,
        novelty: Novelty | None = None,
        with_decoder: bool = False,
        reading: Reading | None = None,
    ):
        self.model = model
        self.reading = reading or Reading()
        self.class_names = list(class_names)
        self.temperature = temperature
        self.novelty = novelty
        self.with_decoder = with_decoder
        self.image_shape = input_shapes(model.encoder)["image"][1:]
        self.decoder_takes_y = bool(model.categories)

    def functions(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """The functions to serve: traced `tf.function`s by the names of `contract.SIGNATURES`."""
        image = _spec(contract.IMAGE, tf.float32, self.image_shape)
        functions = self._classify_functions(image) if self.model.latent_y.is_encoded else {}
        functions[contract.ENCODE] = _traced(self.encode, image)
        if self.with_decoder:
            functions |= self._decoder_functions(image)
        return functions

    def _classify_functions(self, image):
        # One graph for the three, that all call: written out for each it would be the largest
        # thing in the file beside the weights.
        of_bytes = _traced(self.classify_bytes, _spec(contract.IMAGE_BYTES, tf.string))
        functions = {
            contract.CLASSIFY: _traced(self.classify, image),
            contract.CLASSIFY_BYTES: of_bytes,
        }
        for name, key in (
            (contract.CLASSIFY_EXAMPLES, contract.EXAMPLES),
            (contract.CLASSIFY_CALL, contract.CLASSIFY_INPUTS),
        ):
            functions[name] = _traced(
                lambda examples: self.classify_examples(examples, of_bytes),
                _spec(key, tf.string),
            )
        return functions

    def _decoder_functions(self, image):
        functions = {}
        z = _spec("z", tf.float32, [self.model.posterior.z_dim])
        seed = _spec("seed", tf.int64)
        if self.decoder_takes_y:
            y = _spec("y", tf.float32, [self.model.categories])
            functions[contract.DECODE] = _traced(lambda y, z: self.decode(z=z, y=y), y, z)
            functions[contract.GENERATE] = _traced(
                lambda label, seed: self.generate(seed=seed, label=label),
                _spec("label", tf.int64),
                seed,
            )
        else:
            functions[contract.DECODE] = _traced(lambda z: self.decode(z=z), z)
            functions[contract.GENERATE] = _traced(lambda seed: self.generate(seed=seed), seed)
        if self.model.latent_y != LatentY.GIVEN:
            functions[contract.RECONSTRUCT] = _traced(self.reconstruct, image)
        if (novelty := self.novelty) is not None:
            functions[contract.SCORE_NOVELTY] = _traced(
                lambda image: {"novelty": novelty.score(self.model, image)}, image
            )
        return functions

    def classify(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classify images.

        Args:
            image: float32 [N, height, width, channels] in [0, 1].

        Returns:
            Dict of `contract.CLASSIFY_OUTPUTS`; the probabilities are calibrated.
        """
        logits = self.model.encode(image)["y_logits"]
        label = tf.argmax(logits, axis=-1)  # not of the probabilities: quantized ones tie
        probabilities = tf.nn.softmax(logits / self.temperature)
        return {
            "label": label,
            "class_name": tf.gather(tf.constant(self.class_names), label),
            "confidence": tf.reduce_max(probabilities, axis=-1),
            "probabilities": probabilities,
        }

    def classify_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classify image files.

        Args:
            image_bytes: string [N], the contents of PNG or JPEG files of any size.

        Returns:
            The same as `classify`.
        """
        images = decode_images(image_bytes, self.image_shape, self.reading)
        return self.classify(to_unit_range(images))

    def classify_examples(
        self, examples: tf.Tensor, classify_bytes: Callable
    ) -> dict[str, tf.Tensor]:
        """Score every class for each tf.Example, as TensorFlow Serving's Classify call wants it.

        Args:
            examples: string [N], serialized tf.Examples with an image file in `image/encoded`.
            classify_bytes: The method of that name, or the function traced from it.

        Returns:
            Dict of `contract.SCORE_OUTPUTS`.
        """
        feature = {contract.EXAMPLE_FEATURE: tf.io.FixedLenFeature([], tf.string)}
        content = tf.io.parse_example(examples, feature)[contract.EXAMPLE_FEATURE]
        scores = classify_bytes(content)["probabilities"]
        names = tf.constant(self.class_names)[None]
        return {"classes": tf.repeat(names, tf.shape(scores)[0], axis=0), "scores": scores}

    def encode(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Encode images to `z` and, where the encoder finds it, `y`, which is not calibrated."""
        code = self.model.encode(image)
        return {name: tf.identity(code[name]) for name in contract.ENCODE_OUTPUTS if name in code}

    def decode(self, z: tf.Tensor, y: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Decode codes to images; `y` is None where the decoder takes none."""
        code = {"z": z} | ({} if y is None else {"y": y})
        return {contract.IMAGE: tf.sigmoid(self.model.decode(code))}

    def reconstruct(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decode images from their own codes.

        Args:
            image: float32 [N, height, width, channels] in [0, 1].

        Returns:
            Dict of the decoded `image` and its `error` [N]: half the squared difference, summed
            over the pixels.
        """
        logits = self.model.decode(self.model.encode(image))
        error = losses.half_squared_error(image, logits)
        return {contract.IMAGE: tf.sigmoid(logits), "error": error}

    def generate(self, seed: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Decode codes whose z is drawn from the prior, one for each seed.

        Args:
            seed: int64 [N]. Equal seeds and labels give equal images, whatever else is in the
                batch.
            label: int64 [N], values of y; None where the decoder takes no y.

        Returns:
            Dict of `image`.
        """
        prior = self.model.priors["z"]
        z = tf.map_fn(
            lambda one: prior.sample(1, tf.stack([one, 0]))[0],
            seed,
            fn_output_signature=tf.TensorSpec([prior.dim], tf.float32),
        )
        return self.decode(z, None if label is None else self._one_hot(label))

    def _one_hot(self, label):
        """y of labels; in a graph, a label out of range is an error that names its row."""
        count = self.model.categories
        good = (label >= 0) & (label < count)
        tf.debugging.Assert(
            tf.reduce_all(good),
            [f"`label` must lie in 0 to {count - 1}. In these rows it does not:",
             tf.where(~good)[:, 0]],
        )  # fmt: skip
        return tf.one_hot(label, count)


def _spec(name, dtype, shape=()):
    """What a signature says of an input: any number of rows of a shape."""
    return tf.TensorSpec([None, *shape], dtype, name)


def _traced(function, *specs):
    """A `tf.function` of inputs of given names and shapes."""
    return tf.function(function, input_signature=specs, autograph=False)
