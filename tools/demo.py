"""The whole way on digits that need no download: train, evaluate, draw, export, predict, report."""

import pathlib

from PIL import Image

from . import cli
from .report import training_command

TOOL = cli.Tool(
    "demo",
    "Trains the digits preset and its labels-only baseline, evaluates, draws and exports the "
    "first, reads ten held-out digits through the export, and writes a page that shows it all. May "
    "be repeated.",
)
TOOL.flag(int, "epochs", None, "Train for fewer epochs than the preset.")
TOOL.flag(int, "seed", 0, "Seed of labels, weights, order and noise.")

NUM_PREDICTED = 10


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    cli.load_tensorflow()
    from aae_keras.deployment import export, prediction
    from aae_keras.experiment.building import factory
    from aae_keras.experiment.configuration.presets import preset
    from aae_keras.experiment.learning import training
    from aae_keras.experiment.pictures import figures
    from aae_keras.experiment.run_folder import runs
    from aae_keras.experiment.scores import evaluation
    from aae_keras.report import writing

    changes = {"seed": flags.seed} | ({} if flags.epochs is None else {"epochs": flags.epochs})
    results = {}
    for setting in ("semi-supervised", "labels-only"):
        try:
            config = preset("digits", setting=setting, **changes)
        except ValueError as error:
            raise cli.Usage(error) from error
        run = training.train(config, overwrite=runs.exists(runs.default_folder(config)))
        results[setting] = run, evaluation.evaluate_run(run.folder)
    run, scores = results["semi-supervised"]
    drawn = figures.plot_run(run.folder)
    version = export.export_run(run.folder)
    page = writing.write_report(run.folder, training_command(run.folder))

    data = factory.read_data(run.config)
    files = write_held_out(data, run.folder / "held-out")
    rows = list(prediction.predict_files(prediction.open_predictor(version), files))

    print()
    print(f"data set          scikit-learn's digits: {data.describe()}")
    print(f"labels used       {scores['data']['labeled']}")
    for setting, title in (("semi-supervised", "AAE"), ("labels-only", "labels-only")):
        print(f"test error        {results[setting][1]['test']['error_rate']:6.2%}  {title}")
    print(f"run folder        {run.folder}, {results['labels-only'][0].folder}")
    for path in drawn:
        print(f"figure            {path}")
    print(f"export            {version}")
    print("ten held-out digits, read through the exported SavedModel:")
    print("  label           " + " ".join(path.stem.rsplit("-", 1)[1] for path in files))
    print("  predicted       " + " ".join(row["class_name"] for row in rows))
    print(f"to look at it all  open {page} in a browser")


def write_held_out(data, folder):
    """The first images of the test part as PNG files, named by rank and label."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    files = []
    for rank in range(NUM_PREDICTED):
        label = data.class_names[data.split.test_labels[rank]]
        files.append(folder / f"digit-{rank}-label-{label}.png")
        Image.fromarray(data.split.test_images[rank, :, :, 0]).save(files[-1])
    return files


if __name__ == "__main__":
    TOOL.run()
