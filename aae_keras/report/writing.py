"""The report of a run, from its folder to the file."""

import pathlib

import numpy as np

from aae_keras.data import Data
from aae_keras.experiment.building import factory
from aae_keras.experiment.run_folder import runs
from aae_keras.experiment.run_folder.runs import Run
from aae_keras.experiment.scores import scoring
from aae_keras.experiment.scores.outputs import apply_model
from aae_keras.files import write_atomically
from aae_keras.models import AdversarialModel
from aae_keras.plots.style import COLOURS, NO_LABEL
from aae_keras.report import charts, gallery, headline, maps, page, sketching
from aae_keras.report.categories import categories
from aae_keras.report.contents import Report
from aae_keras.report.networks import networks_of


def write_report(folder: str | pathlib.Path, command: str = "", **where: str) -> pathlib.Path:
    """Write the page that shows what a run has learned, from its held-out (validation) images.

    Args:
        folder: A trained run's folder.
        command: What trained it, for the page to say.
        **where: `dataset`, `data_dir` or `labels`, if these lie elsewhere now.

    Returns:
        Path of the page, `report.html` in the folder.

    Raises:
        DataError, RunError: If the run or its data cannot be used.
    """
    run, data, model = factory.load_trained(folder, **where)
    report = report_of(run, data, model, command)
    runs.check_still_there(run)
    write_atomically(run.report_file, page.join(report.to_json()))
    return run.report_file


def report_of(run: Run, data: Data, model: AdversarialModel, command: str = "") -> Report:
    """What the page says.

    Args:
        run, data, model: As `factory.load_trained` returns them.
        command: What trained the run.
    """
    split = data.split
    rows = split.shuffled_validation_rows()
    outputs = apply_model(model, split.images[rows], split.labels[rows])
    rows = rows[: gallery.MOST_IMAGES]
    shown = None if outputs is None else outputs.first(len(rows))
    class_of = scoring.class_of_categories(model, outputs)
    images = np.zeros((0, *data.image_shape), "uint8") if shown is None else shown.images
    sketch, sketch_note = sketching.sketch_of(images)
    return Report(
        headline=headline.headline(run, data, model, outputs, command),
        image_shape=tuple(data.image_shape),
        images=None if shown is None else gallery.gallery(model, data, rows, shown, class_of),
        codes=None if shown is None else maps.codes(model, shown),
        layouts=() if shown is None else maps.layouts(model, shown),
        categories=categories(model, data, outputs, shown, class_of),
        networks=networks_of(model, images, with_encoder=sketch is not None),
        sketch=sketch,
        sketch_note=sketch_note,
        charts=charts.charts(run),
        stages=charts.stage_ends(run),
        colours=COLOURS,
        no_label=NO_LABEL,
    )
