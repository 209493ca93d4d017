"""The machine's limit: what the matrix products and the optimizer of a step must at least cost.

Every product has the rate that this machine gives its shape, alone and in the step's precision; the
optimizer's traffic the rate of a memory copy. What else a step does, element by element, is on top.
"""

import dataclasses
import functools
import math

import numpy as np
import tensorflow as tf

from aae_keras.networks.convolutional import FILTERS

from .measure import Row

# An Adam step reads gradient, two moments and weight, and writes the last three; the running
# average of a weight reads both and writes one: float32.
ADAM_BYTES = 7 * 4
AVERAGE_BYTES = 3 * 4
REPEATS = 20


@dataclasses.dataclass(frozen=True)
class Pass:
    """Some rows forward through dense layers, and what of the gradient is asked for.

    Attributes:
        rows: Images, or codes.
        units: Of the input and of every layer.
        of_weights: Whether the weights learn.
        of_input: Whether the gradient goes on to whatever the input came from.
    """

    rows: int
    units: tuple[int, ...]
    of_weights: bool = True
    of_input: bool = True

    @property
    def forward(self):
        """Shapes (rows, inner, columns) of the matrix products forward, a layer each."""
        return [(self.rows, *layer) for layer in zip(self.units, self.units[1:], strict=False)]

    @property
    def products(self):
        """Shapes of all its matrix products."""
        shapes = []
        for number, (rows, units_in, units_out) in enumerate(self.forward):
            shapes.append((rows, units_in, units_out))
            if self.of_weights:
                shapes.append((units_in, rows, units_out))
            if (number or self.of_input) and (self.of_weights or self.of_input):
                shapes.append((rows, units_out, units_in))
        return shapes


@dataclasses.dataclass(frozen=True)
class MapPass(Pass):
    """The same with strided 4x4 convolutions, each the product of its kernel with patches.

    Attributes:
        image: (height, width, channels).
        filters: Of each convolution; the first of `units` is all that the last one makes.
        decoding: Whether they are transposed and come last, as does that number of `units`.
    """

    image: tuple[int, int, int] = (32, 32, 3)
    filters: tuple[int, ...] = FILTERS
    decoding: bool = False

    @property
    def forward(self):
        """See `Pass`."""
        (height, width, channels), maps = self.image, []
        for count in self.filters:
            height, width = -(-height // 2), -(-width // 2)
            maps.append((self.rows * height * width, 4 * 4 * channels, count))
            channels = count
        if not self.decoding:
            return [*maps, *super().forward]
        return [*super().forward, *((rows, o, i) for rows, i, o in reversed(maps))]


def manual_passes(batch=100, width=1000, pixels=784, codes=(10, 2)):
    """Those of the manual's step: unlabelled and labelled images, and two discriminators."""
    encoder = (pixels, width, width, sum(codes))
    return [
        *2 * [Pass(batch, encoder, of_input=False)],
        Pass(batch, encoder[::-1]),
        *(Pass(2 * batch, (code, width, width, 1)) for code in codes),
    ]


def plus_passes(config, image=(28, 28, 1), classes=10):
    """Those of a `-plus` preset's step: y and z in trunks of their own, y steady under a change.

    The worst change takes a pass for its direction, whose gradient goes to the image alone, and a
    pass through which y learns.
    """
    batch, latent = config.batch_size, config.latent_dim
    encode = decode = Pass
    features = math.prod(image)
    if config.network == "convolutional":
        encode = functools.partial(MapPass, image=image)
        decode = functools.partial(MapPass, image=image, decoding=True)
        sides = (-(-side // 2 ** len(FILTERS)) for side in image[:2])
        features = math.prod(sides) * FILTERS[-1]
    y_trunk = (features, *config.hidden_units, classes)
    judge = (*config.discriminator_units, 1)
    return [
        encode(batch, y_trunk, of_input=False),
        encode(config.labeled_batch_size, y_trunk, of_input=False),
        encode(batch, y_trunk, of_weights=False),
        encode(batch, y_trunk, of_input=False),
        encode(batch, (features, *config.z_units, latent), of_input=False),
        decode(batch, (classes + latent, *config.hidden_units[::-1], features)),
        Pass(2 * batch, (classes, *judge)),
        Pass(2 * batch, (classes + latent, *judge)),
    ]


def parameters_of(passes):
    """Weights and biases of the networks that learn; one that several passes use counts once."""
    networks = {tuple(shape[1:] for shape in p.forward) for p in passes if p.of_weights}
    return sum((i + 1) * o for network in networks for i, o in network)


class Limit:
    """What a step must at least cost here.

    Args:
        passes: Its `Pass`es.
        bytes_a_parameter: Memory traffic of the optimizer, and of the average if there is one.
        dtype: Of the products.
    """

    def __init__(self, passes, bytes_a_parameter=ADAM_BYTES, dtype="float32"):
        self.products = [shape for passed in passes for shape in passed.products]
        self.parameters = parameters_of(passes)
        self.traffic = self.parameters * bytes_a_parameter
        self.dtype = dtype
        self.shapes = sorted(set(self.products), key=np.prod)
        self._source = np.ones(2**26, "float32")
        self._target = np.empty_like(self._source)

    @property
    def candidates(self):
        """Functions to time, by name: each shape of product both ways, and the copy."""
        timed = {"copy": lambda: np.copyto(self._target, self._source)}
        for shape in self.shapes:
            timed[f"product-{shape}"] = _product(shape, self.dtype, jit_compile=False)
            timed[f"xla-product-{shape}"] = _product(shape, self.dtype, jit_compile=True)
        return timed

    def rows(self, seconds, step, of=""):
        """The limit beside a step.

        Args:
            seconds: Those of `candidates`, by name.
            step: Seconds of a step.
            of: What the step is called, in the names of the rows.
        """
        fastest = {
            shape: min(seconds[f"product-{shape}"], seconds[f"xla-product-{shape}"]) / REPEATS
            for shape in self.shapes
        }
        products = sum(fastest[shape] for shape in self.products)
        flops = sum(2 * np.prod(shape, dtype=float) for shape in self.products)
        copied = 2 * self._source.nbytes / seconds["copy"]
        optimizer = self.traffic / copied
        yield Row(f"train/{of}limit-share", (products + optimizer) / step, "fraction")
        yield Row(f"limit/{of}products", 1e3 * products, "ms a step")
        yield Row(f"limit/{of}optimizer", 1e3 * optimizer, "ms a step")
        yield Row(f"limit/{of}product-rate", flops / products / 1e9, "GFLOP/s")
        yield Row(f"limit/{of}copy-rate", copied / 1e9, "GB/s")


def _product(shape, dtype, jit_compile):
    rows, inner, columns = shape
    random = np.random.default_rng(0)
    left = tf.cast(random.normal(size=(rows, inner)), dtype)
    right = tf.cast(random.normal(size=(inner, columns)), dtype)
    product = tf.function(tf.matmul, jit_compile=jit_compile)

    @tf.function
    def repeated():
        result = product(left, right)
        for _ in tf.range(REPEATS - 1):
            result = product(left, right)
        return result

    return lambda: repeated().numpy()
