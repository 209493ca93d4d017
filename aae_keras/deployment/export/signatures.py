"""What an export answers: a TensorFlow function for each signature of `serving`.

Every input and output has the batch as its first dimension, seeds too: a server batches requests
along it. Nothing of the model is copied; the functions share its variables.
"""

import tensorflow as tf

from aae_keras import losses
from aae_keras.deployment import contract
from aae_keras.deployment.export.image_bytes import decode_images
from aae_keras.images import to_unit_range
from aae_keras.models import LatentY
from aae_keras.networks import input_shapes


class Signatures:
    """The functions of a model, to be asked for by `functions`.

    Args:
        model: A model of this project.
        class_names: One string per value of y.
        temperature: What the logits are divided by in the classify signatures.
        novelty: A fitted `Novelty`; None leaves `score_novelty` out.
        with_decoder: Whether those of the decoder are wanted.
    """

    def __init__(self, model, class_names, temperature=1.0, novelty=None, with_decoder=False):
        self.model = model
        self.class_names = list(class_names)
        self.temperature = temperature
        self.novelty = novelty
        self.with_decoder = with_decoder
        self.image_shape = input_shapes(model.encoder)["image"][1:]
        self.decoder_takes_y = bool(model.categories)

    def functions(self):
        """Dict of traced `tf.function`s by the names of `contract.SIGNATURES`."""
        image = _spec(contract.IMAGE, tf.float32, self.image_shape)
        found = {}
        if self.model.latent_y.is_encoded:
            found[contract.CLASSIFY] = _traced(self.classify, image)
            # One graph for the three, that all call: written out for each it would be the largest
            # thing in the file beside the weights.
            of_bytes = _traced(self.classify_bytes, _spec(contract.IMAGE_BYTES, tf.string))
            found[contract.CLASSIFY_BYTES] = of_bytes
            for name, key in (
                (contract.CLASSIFY_EXAMPLES, contract.EXAMPLES),
                (contract.CLASSIFY_CALL, contract.CLASSIFY_INPUTS),
            ):
                found[name] = _traced(
                    lambda examples: self.classify_examples(examples, of_bytes),
                    _spec(key, tf.string),
                )
        found[contract.ENCODE] = _traced(self.encode, image)
        if not self.with_decoder:
            return found
        z = _spec("z", tf.float32, [self.model.posterior.z_dim])
        seed = _spec("seed", tf.int64)
        if self.decoder_takes_y:
            y = _spec("y", tf.float32, [self.model.categories])
            found[contract.DECODE] = _traced(lambda y, z: self.decode(z=z, y=y), y, z)
            found[contract.GENERATE] = _traced(
                lambda label, seed: self.generate(seed=seed, label=label),
                _spec("label", tf.int64),
                seed,
            )
        else:
            found[contract.DECODE] = _traced(lambda z: self.decode(z=z), z)
            found[contract.GENERATE] = _traced(lambda seed: self.generate(seed=seed), seed)
        if self.model.latent_y != LatentY.GIVEN:
            found[contract.RECONSTRUCT] = _traced(self.reconstruct, image)
        if self.novelty is not None:
            found[contract.SCORE_NOVELTY] = _traced(self.score_novelty, image)
        return found

    def classify(self, image):
        """Label, name, confidence and calibrated probabilities of images in [0, 1]."""
        logits = self.model.encode(image)["y_logits"]
        label = tf.argmax(logits, axis=-1)  # not of the probabilities: quantized ones tie
        probabilities = tf.nn.softmax(logits / self.temperature)
        return {
            "label": label,
            "class_name": tf.gather(tf.constant(self.class_names), label),
            "confidence": tf.reduce_max(probabilities, axis=-1),
            "probabilities": probabilities,
        }

    def classify_bytes(self, image_bytes):
        """The same of PNG or JPEG files of any size."""
        return self.classify(to_unit_range(decode_images(image_bytes, self.image_shape)))

    def classify_examples(self, examples, classify_bytes):
        """Every class and its score, of tf.Examples: TensorFlow Serving's classify method."""
        feature = {contract.EXAMPLE_FEATURE: tf.io.FixedLenFeature([], tf.string)}
        content = tf.io.parse_example(examples, feature)[contract.EXAMPLE_FEATURE]
        scores = classify_bytes(content)["probabilities"]
        names = tf.constant(self.class_names)[None]
        return {"classes": tf.repeat(names, tf.shape(scores)[0], axis=0), "scores": scores}

    def encode(self, image):
        """The codes, as training had them."""
        code = self.model.encode(image)
        return {name: tf.identity(code[name]) for name in contract.ENCODE_OUTPUTS if name in code}

    def decode(self, z, y=None):
        """Images of codes."""
        code = {"z": z} | ({} if y is None else {"y": y})
        return {contract.IMAGE: tf.sigmoid(self.model.decode(code))}

    def reconstruct(self, image):
        """Images from their own codes, and half the squared error, summed over the pixels."""
        logits = self.model.decode(self.model.encode(image))
        error = losses.half_squared_error(image, logits)
        return {contract.IMAGE: tf.sigmoid(logits), "error": error}

    def generate(self, seed, label=None):
        """An image of each label and seed: the same for the same, whatever else is in the batch."""
        prior = self.model.priors["z"]
        z = tf.map_fn(
            lambda one: prior.sample(1, tf.stack([one, 0]))[0],
            seed,
            fn_output_signature=tf.TensorSpec([prior.dim], tf.float32),
        )
        return self.decode(z, None if label is None else self._one_hot(label))

    def score_novelty(self, image):
        """See `export.novelty`."""
        return {"novelty": self.novelty.score(self.model, image)}

    def _one_hot(self, label):
        count = self.model.categories
        good = (label >= 0) & (label < count)
        tf.debugging.Assert(
            tf.reduce_all(good),
            [f"`label` must lie in 0 to {count - 1}. In these rows it does not:",
             tf.where(~good)[:, 0]],
        )  # fmt: skip
        return tf.one_hot(label, count)


def _spec(name, dtype, shape=()):
    return tf.TensorSpec([None, *shape], dtype, name)


def _traced(function, *specs):
    return tf.function(function, input_signature=specs, autograph=False)
