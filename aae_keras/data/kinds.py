"""Kinds of data that people name as a data set and that are not read: refused with the remedy."""

import pathlib
from collections.abc import Iterator

from aae_keras.data.source import DataError
from aae_keras.files import at_home

READ = "an .npz file, a folder of images, digits, or a tensorflow-datasets name"

_AS_NPZ = "np.savez('own.npz', x_train=images, y_train=labels)"
_TABLE = "images, labels = table[:, 1:].reshape(-1, 28, 28), table[:, 0]"
_UNPACKED = "Unpack it, and give the folder"

# By the end of the name: what it is, and what to do.
NOT_READ = {
    ".npy": (
        "one array alone, and labels belong beside it",
        f"Write both into one file: images = np.load('x.npy'); {_AS_NPZ}; -1 is no label",
    ),
    ".csv": (
        "a table",
        "Of pixels with the label first, say: table = np.loadtxt('x.csv', 'uint8', delimiter=',', "
        f"skiprows=1); {_TABLE}; {_AS_NPZ}",
    ),
    ".parquet": (
        "a table",
        "Read it with pandas, decode its images, and write them into class folders or one .npz: "
        f"{_AS_NPZ}",
    ),
    ".tfrecord": (
        "records without a description",
        "Name the tensorflow-datasets set that they belong to, and its --data_dir",
    ),
    ".tar": (
        "an archive",
        f"{_UNPACKED}. A webdataset shard has labels in .cls files beside the images: move each "
        "image into a folder named by its class",
    ),
    ".gz": ("compressed", f"{_UNPACKED}; of MNIST's own files `tools.prepare_data --from=FOLDER`"),
    **dict.fromkeys((".zip", ".tgz", ".7z", ".rar"), ("an archive", f"{_UNPACKED} of images")),
    **dict.fromkeys(
        (".h5", ".hdf5", ".mat", ".pkl", ".pickle", ".pt", ".pth", ".feather", ".json", ".jsonl"),
        ("a file of another program", f"Read its arrays in Python, then {_AS_NPZ}"),
    ),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg"), ("one image", "Give the folder that it and the others are in")
    ),
}


def check(dataset: str) -> None:
    """Refuse a file of a kind that is not read, whether it is there or not.

    Raises:
        DataError: If `dataset` names one.
    """
    if not dataset.strip():
        raise DataError(f"`dataset` must name {READ}. Received: an empty name")
    path = at_home(dataset)
    if path.is_dir() or dataset.lower().endswith(".npz"):
        return
    for end, (what, remedy) in NOT_READ.items():
        if dataset.lower().endswith(end):
            raise DataError(f"{dataset} is {what}, which is not read. {remedy}.")
    if path.is_file():
        raise DataError(f"{dataset} is a file of no kind that is read. Expected {READ}.")


def elsewhere(dataset: str, data_dir: str) -> str:
    """What to say of a name that tensorflow-datasets does not know: where it lies; "" if nowhere.

    Args:
        dataset: The name.
        data_dir: Where sets of tensorflow-datasets lie.
    """
    for path in _places(dataset, data_dir):
        if path.exists():
            return (
                f"{dataset} is no set of tensorflow-datasets, which alone are looked for in "
                f"--data_dir. Your own images are named by their path: --dataset={path}, "
                "without --data_dir."
            )
    return ""


def _places(dataset: str, data_dir: str) -> Iterator[pathlib.Path]:
    if data_dir:
        # With a slash, it is a path beyond doubt.
        yield at_home(dataset).absolute()
        yield at_home(data_dir) / dataset
