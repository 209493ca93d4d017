"""Pages of small runs, of every kind that a report must show."""

import dataclasses

import numpy as np

from aae_keras.data import loading
from aae_keras.experiment.configuration.config import Config
from aae_keras.experiment.run_folder.runs import Run
from aae_keras.report import page, writing
from tests import tiny

HOSTILE = ("<script>alert(1)</script>", '"', "</script><img src=x onerror=alert(1)>")
HISTORY = """epoch,stage,loss,discriminator_gauss_loss,error_rate,val_error_rate,seconds
1,1,3.0,1.4,0.5,0.6,1.0
2,1,2.0,1.3,0.3,0.5,1.0
3,2,1.0,1.38,0.1,0.4,1.0
"""


def data_of(images, labels, class_names):
    """A `Data` half of which is held out."""
    data = loading.from_arrays(
        images, labels, x_test=images[:3], y_test=np.zeros(3, int), class_names=class_names,
        num_labeled=0, batch_size=4, labeled_batch_size=4,
    )  # fmt: skip
    half = len(images) // 2
    rows = np.arange(len(images))
    split = dataclasses.replace(
        data.split,
        labeled_rows=rows[:half] if labels is not None else rows[:0],
        unlabeled_rows=rows[:half],
        validation_rows=rows[half:],
        class_names=tuple(class_names or ()),
    )
    return loading.Data(split, batch_size=4, labeled_batch_size=4)


def report_of(folder, name, model, data, setting="semi-supervised"):
    """The report of a model that nobody trained, in a run folder of that name."""
    run = Run(folder / name, Config(setting=setting), "20260101T000000Z-00000000", "f")
    run.folder.mkdir(parents=True)
    run.history_file.write_text(HISTORY)
    return writing.report_of(run, data, model, "python -m tools.train")


def write(path, report):
    """Its page, in a file."""
    path.write_text(page.join(report.to_json()))
    return path


def of_classes(count, channels=1):
    """A model with y whose images have that many classes and channels."""
    shape = (*tiny.IMAGE_SHAPE[:2], channels)
    parts = tiny.tiny_networks(categories=count)
    if channels != 1:
        from aae_keras import networks

        parts["encoder"] = networks.build_encoder(shape, count, tiny.LATENT_DIM, **tiny.COMMON)
        parts["decoder"] = networks.build_decoder(shape, count, tiny.LATENT_DIM, **tiny.COMMON)
    return tiny.tiny_model(parts, categories=count)


def lines(count, channels=1):
    """uint8 images of a bright line on a dark ground, whose row says its class of three."""
    images = np.zeros((count, *tiny.IMAGE_SHAPE[:2], channels), "uint8")
    for rank, image in enumerate(images):
        image[1 + rank % 3, 1:4] = 200 + rank % 50
    return images
