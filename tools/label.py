"""Label images by hand on a local page."""

import contextlib
import dataclasses
import os
import pathlib
import shlex
import sys
import webbrowser

from aae_keras.files import at_home
from aae_keras.remarks import count_of

from . import cli

TOOL = cli.Tool(
    "label",
    "Shows images on a local page, one by one or as a grid of one predicted class, and writes a "
    "row of labels.csv for each answer, which `train --labels` reads. Ctrl-C ends it; the same "
    "command goes on.",
)
TOOL.flag(str, "dataset", "", "Whose images: a folder, an .npz, digits, or a prepared set.")
TOOL.flag(str, "data_dir", "", "Folder of tensorflow-datasets.")
TOOL.flag(
    str, "run_dir", "",
    "Run folder, in place of --dataset: its data, and the suggestions in it if there are any.",
)  # fmt: skip
TOOL.flag(
    str, "images", "",
    "CSV with the column image, and predicted, confidence, why if there are: which images to "
    "show. [RUN/suggestions.csv, or all without a label]",
)  # fmt: skip
TOOL.flag(str, "labels", "labels.csv", "Where answers go; what is there is gone on with.")
TOOL.flag(tuple, "classes", [], "Classes beside those that the data has, such as cat,dog.")
TOOL.flag(int, "port", 0, "Port of 127.0.0.1; 0 for one that is free.")
TOOL.flag(bool, "open_browser", False, "Open the page in this machine's browser.")


@TOOL.main
def main(arguments):
    """See the module."""
    flags = cli.FLAGS
    if bool(flags.dataset) == bool(flags.run_dir):
        raise cli.Usage("Give either --dataset=FOLDER or --run_dir=runs/digits-seed0.")
    if not 0 <= flags.port < 65536:
        raise cli.Usage(f"--port must lie in [0, 65535]. Received: --port={flags.port}")
    config = cli.config_of_run(flags.run_dir)
    if config and flags.data_dir:  # where its data lies now
        config = dataclasses.replace(config, data_dir=flags.data_dir)
    path = labels_file(config)
    where = config or flags
    from aae_keras.data import sources
    from aae_keras.labelling import answers, collection, server, session

    if sources.is_prepared(where.dataset, where.data_dir):
        cli.load_tensorflow()
    images = collection.open_collection(where.dataset, where.data_dir, reading_of(config))
    questions = questions_of(images, session)
    next_command = train_command(config, path)
    with answers.opened(path) as file:
        begun = session.Session(images, questions, file, flags.classes)
        if file.given:
            print(
                f"{count_of(len(file.given), 'answer')} in {path} from before: taken as of "
                f"{where.dataset}. --labels=FILE begins another table.", file=sys.stderr,
            )  # fmt: skip
        about = {"dataset": where.dataset, "labels": str(path), "command": next_command}
        with server.Server(begun, about, flags.port) as page:
            print(page.url, flush=True)
            print("Open this page. Ctrl-C ends it; every answer is kept.", file=sys.stderr)
            if flags.open_browser:
                webbrowser.open(page.url)
            with contextlib.suppress(KeyboardInterrupt):
                page.serve_forever()
            begun.close()
    if not file.given:
        print(f"No image has got a label, so {path} says nothing yet.")
        return
    print(
        f"{count_of(len(file.given), 'answer')} in {path} ({begun.done} of "
        f"{count_of(len(begun.questions), 'image')} shown here). Next: {next_command}"
    )


def reading_of(config):
    """How files become pixels: as the run reads them; None without one."""
    from aae_keras.reading import EACH_IMAGE, Reading

    if config is None:
        return None
    return Reading(background=config.background, pixel_range=config.pixel_range or EACH_IMAGE)


def labels_file(config):
    """Where answers go: never by default to a table that a run beside this one was trained with."""
    from aae_keras.labelling import answers

    flags = cli.FLAGS
    path = at_home(flags.labels)
    if path.suffix.lower() != ".csv":
        raise cli.Usage(f"--labels must end in .csv. Received: --labels={flags.labels}")
    used = at_home(config.labels) if config and config.labels else None
    taken = tables_of_runs(run_folder().parent if flags.run_dir else pathlib.Path("runs"))
    if not flags["labels"].present:
        path = answers.after(used) if used else path
        while path.resolve() in taken:  # of the run that was trained with those answers
            used, path = path, answers.after(path)
    elif path.resolve() in taken and not (used and used.resolve() == path.resolve()):
        print(
            f"{path} is the table of {taken[path.resolve()]}: once it has grown, what is said of "
            "that run needs it trained anew.", file=sys.stderr,
        )  # fmt: skip
    if used:
        print(beside_the_run(used, path), file=sys.stderr)
    return path


def run_folder():
    """The folder of --run_dir, by the name that it has beside others, which `.` is not."""
    folder = pathlib.Path(cli.FLAGS.run_dir)
    return folder if folder.name not in ("", "..") else pathlib.Path(os.path.abspath(folder))


def beside_the_run(used, path):
    """What a table of answers is to the one that a run was trained with; a copy, if it is new."""
    from aae_keras.data import tables
    from aae_keras.labelling import answers

    if not path.exists():
        answers.begin(path, tables.read_table(used))
        return f"A run keeps its table, {used}; answers go to a copy of it, {path}."
    if not used.exists():
        return (
            f"There is no {used}, the table of the run, any more. Training takes the labels of "
            f"{path} alone: look whether those of the run are in it."
        )
    if path.samefile(used):
        return (
            f"{path} is the table of the run itself: once it has grown, what is said of the run "
            "needs the run trained anew."
        )
    images = [{answer.image for answer in tables.read_table(table)} for table in (used, path)]
    if lacking := images[0] - images[1]:
        return (
            f"{path} lacks {count_of(len(lacking), 'label')} that {used} has, the table of the "
            f"run: training with {path} alone leaves them out."
        )
    return f"A run keeps its table, {used}; answers go to {path}."


def tables_of_runs(folder):
    """The tables of labels that the runs in a folder were trained with, and which run it was."""
    from aae_keras.experiment.run_folder import runs

    found = {}
    for path in filter(runs.exists, sorted(folder.iterdir()) if folder.is_dir() else ()):
        with contextlib.suppress(runs.RunError):
            if labels := runs.open_run(path).config.labels:
                found[at_home(labels).resolve()] = path
    return found


def questions_of(images, session):
    """The images to show: those suggested, or all that the data has no label of."""
    flags = cli.FLAGS
    path = at_home(flags.images) if flags.images else None
    if path is None and flags.run_dir:
        path = pathlib.Path(flags.run_dir) / "suggestions.csv"
        if not path.exists():
            print(f"There is no {path}: all images without a label, in order.", file=sys.stderr)
            path = None
    return session.unlabelled(images) if path is None else session.read_suggestions(path, images)


def train_command(config, path):
    """What trains with the answers, as a user would write it."""
    flags = cli.FLAGS
    if config is None:
        words = [f"--dataset={flags.dataset}", f"--labels={path}"]
        words[1:1] = [f"--data_dir={flags.data_dir}"] if flags.data_dir else []
    else:
        from aae_keras.experiment.run_folder import runs

        labelled = config_with(config, str(path))
        words = cli.flags_of(labelled)
        former = run_folder()
        folder = former.with_name(runs.default_folder(labelled).name)
        if runs.exists(folder):
            folder = runs.free_folder(former.with_name(f"{former.name}-labelled"))
        words.append(f"--run_dir={folder}")
    return cli.as_called(shlex.join(["python", "-m", "tools.train", *words]))


def config_with(config, labels):
    """A run's configuration with a table of labels, of which training takes all there are."""
    from aae_keras.experiment.configuration.changes import changed
    from aae_keras.experiment.configuration.presets import start

    if config.learns_from_labels:
        return changed(config, labels=labels, num_labeled=0, resume_from="")
    # It found groups without labels: now those of its data train a classifier, from the defaults.
    read = [field.name for field in dataclasses.fields(config) if field.metadata["group"] == "Data"]
    data = {name: getattr(config, name) for name in read}
    return changed(start(None, {}), **data | {"labels": labels, "num_labeled": 0})


if __name__ == "__main__":
    TOOL.run()
