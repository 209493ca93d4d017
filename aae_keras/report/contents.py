"""What a report says: the data that Python writes and the page reads.

`page/types.d.ts` has the same records by the same names, and a test compares the two. `None` is
`null` there, and a tuple a list.
"""

import dataclasses
import json
from typing import Any


@dataclasses.dataclass(frozen=True)
class Array:
    """Numbers: base64 of gzip of their bytes, little-endian, row by row.

    Attributes:
        dtype: `float32`, `float16`, `int8`, `int16`, `int32` or `uint8`.
        shape: Its dimensions.
        data: The text.
    """

    dtype: str
    shape: tuple[int, ...]
    data: str


@dataclasses.dataclass(frozen=True)
class Sprite:
    """Many small pictures of one size in one large one, row by row.

    Attributes:
        source: The large picture, a `data:` URL.
        count: How many small ones.
        columns: How many in a row.
        width, height: Pixels of a small one.
    """

    source: str
    count: int
    columns: int
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Score:
    """One score on held-out images.

    Attributes:
        name: Its key in `metrics.json`.
        title: What a reader calls it.
        text: The value as text, with its unit.
        interval: The 95 % interval as text, "" where there is none.
        test: The value for test as text, "" if `evaluate` has not been run.
        meaning: A sentence: what it is.
        verdict: A sentence: whether that is good.
        mark: `good`, `fair`, `poor`, or "" where nobody can say.
    """

    name: str
    title: str
    text: str
    interval: str
    test: str
    meaning: str
    verdict: str
    mark: str


@dataclasses.dataclass(frozen=True)
class Bin:
    """Images of like confidence.

    Attributes:
        count: How many.
        confidence: Their mean confidence, in [0, 1].
        accuracy: Share of them that are right, in [0, 1].
        low, high: 95 % interval of that share.
    """

    count: int
    confidence: float
    accuracy: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Headline:
    """What the page begins with.

    Attributes:
        title: Name of the run.
        facts: Pairs of a name and a value, as text.
        scores: The scores that fit the setting, the most telling one first.
        calibration: Bins of growing confidence; empty where nothing is classified.
        notes: Sentences on what is missing, and why.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    scores: tuple[Score, ...]
    calibration: tuple[Bin, ...]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Images:
    """Held-out images and what the model makes of them, one row an image.

    Attributes:
        sprite: The images.
        names: What a table of labels calls them: their path in a folder of images, else their row.
        labels: int16: their class, -1 where not known.
        predicted: int16: their most probable category; None where the encoder finds no y.
        confidence: float32: its probability; None likewise.
        right: int8: 1 right, 0 wrong, -1 not known; None likewise.
        novelty: float32: about 1 for an image like those of training, more for a stranger; NaN
            where it takes a label that is not known; None without any number.
        neighbours: int16, shape (n, up to 5): the images nearest in code.
        suspects: int16: images whose given label is likely wrong, the likeliest first.
    """

    sprite: Sprite
    names: tuple[str, ...]
    labels: Array
    predicted: Array | None
    confidence: Array | None
    right: Array | None
    novelty: Array | None
    neighbours: Array
    suspects: Array


@dataclasses.dataclass(frozen=True)
class Layout:
    """A map of the images.

    Attributes:
        name: What it is called.
        note: A sentence on how to read it.
        points: float32, shape (n, 2).
        heads: float32, shape (categories, 2): where the cluster heads are; None without them.
    """

    name: str
    note: str
    points: Array
    heads: Array | None


@dataclasses.dataclass(frozen=True)
class Codes:
    """Codes of the images, and what they are to be distributed like.

    Attributes:
        y: float16, shape (n, categories); None where the encoder finds no y.
        z: float16, shape (n, latent_dim).
        heads: float32, shape (categories, latent_dim), where the decoder is given y heads + z; else
            None.
        prior: float16, shape (m, latent_dim): samples of the prior of z; None without one.
        stddev: Standard deviation of a Gaussian prior; None for another.
    """

    y: Array | None
    z: Array
    heads: Array | None
    prior: Array | None
    stddev: float | None


@dataclasses.dataclass(frozen=True)
class Categories:
    """The classes, and the values of y.

    Attributes:
        kind: What y is: `class`, `cluster`, `given` or `none`.
        classes: Names of the classes; empty where the data has none.
        names: Names of the values of y; empty without y.
        class_of: The class of each value of y, -1 for none.
        modes: The typical image of each value of y, as the decoder draws it; None without it.
        typical: int16, shape (groups, up to 8): the images most typical of each value of y, or of
            each class where there is no y; -1 fills up.
    """

    kind: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    class_of: tuple[int, ...]
    modes: Sprite | None
    typical: Array


@dataclasses.dataclass(frozen=True)
class Weight:
    """A weight of a network.

    Attributes:
        values: float32 or float16; or int8, to be multiplied by the scale.
        scale: float32, one number for each index of the last dimension; None for floats.
    """

    values: Array
    scale: Array | None


@dataclasses.dataclass(frozen=True)
class Node:
    """One step of a network's forward pass.

    Attributes:
        kind: `input`, `same`, `relu`, `dense`, `affine`, `concatenate`, `convolution`,
            `transposed` or `cropping`.
        name: Of the layer; of an input, what it is called by.
        inputs: Numbers of the nodes it takes.
        shape: Of its output, without the batch.
        relu: Whether a ReLU follows.
        stride: Rows and columns of a convolution's step; of cropping, what is cut off at the top
            and on the left.
        weights: By name: `kernel`, `bias`, or `scale` and `offset`.
    """

    kind: str
    name: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    relu: bool
    stride: tuple[int, int]
    weights: dict[str, Weight]


@dataclasses.dataclass(frozen=True)
class Network:
    """A network as the page computes it.

    Attributes:
        nodes: In an order in which each stands behind those it takes.
        output: Number of the node that is the output.
    """

    nodes: tuple[Node, ...]
    output: int


@dataclasses.dataclass(frozen=True)
class Networks:
    """The run's networks in the page.

    Attributes:
        decoder: From codes to image logits; None where it is not in the page.
        encoder: From an image to the logits of y; None likewise.
        decoder_note, encoder_note: How well the page computes it, or why it is not there.
    """

    decoder: Network | None
    encoder: Network | None
    decoder_note: str
    encoder_note: str


@dataclasses.dataclass(frozen=True)
class Sketch:
    """How a drawing must look to be like the data. Lengths are in pixels of the images.

    Attributes:
        background, ink: Grey levels in [0, 1].
        stroke: Width of a line.
        extent: The longer side of what is drawn, between the middles of the outermost lines.
        by_mass: Whether the centre is that of the ink; else that of the box around it.
        centre: Where it lies: (x, y) from the top left corner.
    """

    background: float
    ink: float
    stroke: float
    extent: float
    by_mass: bool
    centre: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Line:
    """A curve: a name, its epochs, and its values."""

    label: str
    epochs: tuple[float, ...]
    values: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Reference:
    """A height to compare curves with."""

    label: str
    value: float


@dataclasses.dataclass(frozen=True)
class Chart:
    """Curves over the epochs.

    Attributes:
        title: What they show.
        unit: Of the values.
        lines: The curves.
        references: Horizontal lines.
        aid: How to read them, one or two sentences.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    references: tuple[Reference, ...]
    aid: str


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole.

    Attributes:
        headline: Scores and facts.
        image_shape: (height, width, channels).
        images: Held-out images; None if there are none.
        codes, layouts: Where their codes lie; None and empty likewise.
        categories: Classes and values of y.
        networks: What the page computes with.
        sketch: How to prepare a drawing; None where that makes no sense.
        sketch_note: Why not, or "".
        charts: Learning curves.
        stages: Epochs after which another stage began.
        colours: One for each of ten categories, `#RRGGBB`; further ones have other markers.
        no_label: Colour of an image without a label.
    """

    headline: Headline
    image_shape: tuple[int, int, int]
    images: Images | None
    codes: Codes | None
    layouts: tuple[Layout, ...]
    categories: Categories
    networks: Networks
    sketch: Sketch | None
    sketch_note: str
    charts: tuple[Chart, ...]
    stages: tuple[float, ...]
    colours: tuple[str, ...]
    no_label: str

    def to_json(self) -> str:
        """The report as JSON that may stand inside an HTML `<script>`: no `<` is in it.

        Raises:
            ValueError: If a number is not finite, which JSON has no word for.
        """
        values: dict[str, Any] = dataclasses.asdict(self)
        text = json.dumps(values, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c")
