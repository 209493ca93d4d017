"""Reading image files of every kind, from Pillow's hands to pixels."""

import base64
import builtins
import concurrent.futures
import io
import os
import socket
import warnings

import numpy as np
import pytest
from PIL import Image, ImageColor

from aae_keras import images, pictures
from aae_keras.deployment.prediction import remote
from aae_keras.images import ImageError, plain_png, read_image, read_picture
from aae_keras.reading import Reading, placement, size_of
from aae_keras.remarks import REMARKS, Remarks
from tests.data import kinds

# By `opj_compress -n 1`, of OpenJPEG: Pillow writes 8 and 16 bits alone.
JPEG2000_12_BITS = base64.b64decode(
    "/0//UQApAAAAAAAEAAAAAgAAAAAAAAAAAAAABAAAAAIAAAAAAAAAAAABCwEB/1IADAAAAAEAAAQEAAH/XAAEQGD/ZAAl"
    "AAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjD/kAAKAAAAAAAcAAH/k9/gLAfBlZNRq1cr5IuX/9k="
)


def read(name, channels=3, size=None, reading=None):
    make = {**kinds.READABLE, **kinds.DEEP}[name]
    return read_image(io.BytesIO(make()), channels, size, reading)


@pytest.mark.parametrize("name", kinds.READABLE)
def test_every_kind_that_people_have_is_read(name):
    assert len(np.unique(read(name))) > 1 or "blank" in remarks_of(name)


def remarks_of(name, channels=None):
    return read_picture(io.BytesIO(kinds.READABLE[name]()), channels).remarks


@pytest.mark.parametrize("name", kinds.DAMAGED)
def test_whatever_a_reader_raises_names_the_file(tmp_path, name):
    path = tmp_path / "the-file.png"
    path.write_bytes(kinds.DAMAGED[name]())
    with pytest.raises(ImageError, match=r"the-file.png: not a readable image \(.+\)"):
        read_image(path, 3)


@pytest.mark.parametrize("read", [lambda path: read_image(path, 3), plain_png, remote.read_file])
def test_what_is_no_regular_file_is_never_opened(tmp_path, monkeypatch, read):
    """A pipe would be waited for, a device read for ever."""
    pipe, link, listener = (tmp_path / f"{name}.png" for name in ("pipe", "link", "socket"))
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    monkeypatch.chdir(tmp_path)  # a socket's path may be of 107 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(listener.name)
        for path in (pipe, link, listener, "/dev/zero"):
            with pytest.raises(ImageError, match=f"{path}: a pipe, a device or a socket"):
                read(path)
    with pytest.raises(ImageError, match="a folder, where an image file was expected"):
        read(tmp_path)
    for name in (tmp_path / "none.png", "a\0.png", "x" * 5000):
        with pytest.raises(ImageError, match="no such file|not a readable image"):
            read(name)


def test_errors_of_any_type_name_the_file(tmp_path, monkeypatch):
    path = tmp_path / "the-file.png"
    path.write_bytes(kinds.colour_png())
    for error in (KeyError("x"), IndexError(), MemoryError("too large"), RuntimeError("x")):

        def load(self, error=error):
            raise error

        monkeypatch.setattr(Image.Image, "convert", load)
        with pytest.raises(ImageError, match="the-file.png: not a readable image"):
            read_image(path, 1)


def test_a_photo_stands_upright_whatever_its_orientation():
    """Each orientation, of the picture that was turned the other way, is the same picture."""
    upright = kinds.smooth()
    turned = {
        1: upright, 2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.rotate(180), 4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }  # fmt: skip
    for orientation, picture in turned.items():
        for kind in ("PNG", "TIFF"):
            data = {"exif": kinds.exif(orientation)[6:]} if kind == "PNG" else {
                "tiffinfo": {kinds.ORIENTATION: orientation}
            }  # fmt: skip
            content = io.BytesIO(kinds.encoded(picture, kind, **data))
            np.testing.assert_array_equal(read_image(content, 3), np.asarray(upright))


def test_exif_wins_over_xmp_and_unknown_numbers_turn_nothing():
    upright = read("jpeg-turned-1")
    for name in ("jpeg-turned-0", "jpeg-turned-9", "jpeg-exif-damaged", "jpeg-upright-in-xmp"):
        np.testing.assert_array_equal(read(name), upright)
    np.testing.assert_array_equal(read("jpeg-turned-twice"), read("jpeg-turned-6"))
    np.testing.assert_array_equal(read("jpeg-turned-by-xmp"), read("jpeg-turned-8"))
    np.testing.assert_array_equal(read("jpeg-turned-6"), np.rot90(upright, -1))


@pytest.mark.parametrize("background, value", [("white", 255), ("black", 0), ("#808080", 128)])
def test_dark_ink_on_nothing_is_laid_over_the_background(background, value):
    pixels = read("png-ink", 1, reading=Reading(background=background))
    assert pixels[0, 0, 0] == value  # nothing there
    assert pixels[10, 12, 0] == 0  # ink
    assert pixels[:, :, 0].mean() > 100 or value < 255  # it was 0 throughout once


def test_half_transparent_pixels_are_mixed():
    half = Image.new("RGBA", (2, 2), (200, 100, 0, 51))  # a fifth of the colour
    content = kinds.encoded(half, "PNG")
    pixels = read_image(io.BytesIO(content), 3, reading=Reading(background="#0000ff"))
    assert pixels[0, 0].tolist() == [40, 20, 204]


def test_a_transparent_grey_of_few_bits_is_the_one_that_the_file_names():
    for name, bits, key in (("2-bits", 2, 2), ("4-bits", 4, 5)):
        whole, holed = read(f"png-{name}", 1), read(f"png-transparent-of-{name}", 1)
        value = key * 255 // (2**bits - 1)
        np.testing.assert_array_equal(holed, np.where(whole == value, 255, whole))
        assert (whole == value).any()


def test_what_is_assumed_is_remarked():
    assert remarks_of("png-ink") == ("transparent",)
    assert remarks_of("png-alpha-that-hides-nothing") == ()
    assert set(remarks_of("png-white-ink")) == {"transparent", "blank"}
    for name in ("gif-animated", "webp-animated", "png-animated", "tiff-of-several"):
        assert remarks_of(name) == ("several",)
    assert remarks_of("jpeg-of-several") == ()  # a phone's photo with its preview
    assert remarks_of("png-16-bits-colour") == ("deep",)
    assert remarks_of("png-grey", 3) == ("grey",) and remarks_of("png-colour", 1) == ("coloured",)
    square = read_picture(io.BytesIO(kinds.colour_png()), 3, (8, 8))
    assert square.remarks == ("stretched",)
    assert read_picture(io.BytesIO(kinds.colour_png()), 3, (46, 74)).remarks == ()  # twice as large
    for fit in ("pad", "crop"):
        assert read_picture(io.BytesIO(kinds.colour_png()), 3, (8, 8), Reading(fit)).remarks == ()


def test_remarks_are_counted_and_name_the_first():
    remarks = Remarks()
    for name in ("b.png", "a.png"):
        remarks.add(name, ("several", "transparent"))
    remarks.add("c.png", ())
    lines = remarks.lines()
    assert len(lines) == 2 and all(line.endswith(": 2 images, such as b.png") for line in lines)
    assert REMARKS["several"] in lines[0]


@pytest.mark.parametrize("name", kinds.DEEP)
def test_deep_grey_needs_a_stated_range(name):
    with pytest.raises(ImageError, match="8 bits a channel.*--pixel_range=LOW,HIGH"):
        read(name, 1)


def test_a_stated_range_becomes_black_to_white():
    half = (4095 / 2).__ceil__()
    pixels = read("png-16-bits", 1, reading=Reading(pixel_range=f"0,{half}"))
    assert pixels.flat[0] == 0 and (pixels.reshape(-1)[54:] == 255).all()
    exact = np.rint(np.asarray(kinds.deep()) / half * 255).clip(0, 255)
    np.testing.assert_array_equal(pixels[:, :, 0], exact)
    each = read("tiff-float", 1, reading=Reading(pixel_range="each"))
    assert (each.min(), each.max()) == (0, 255)
    np.testing.assert_array_equal(
        read("tiff-16-bits-turned", 1, reading=Reading(pixel_range="each")),
        np.rot90(read("tiff-16-bits", 1, reading=Reading(pixel_range="each")), -1),
    )
    flat = Image.fromarray(np.full((3, 3), 700, "uint16"))
    content = io.BytesIO(kinds.encoded(flat, "PNG"))
    assert not read_image(content, 1, reading=Reading(pixel_range="each")).any()


def test_a_range_counts_in_the_values_of_the_file():
    """Pillow spreads 12 bits of PGM and JPEG 2000 over 16, each in a way of its own."""
    values = np.array([[0, 256, 512, 1024], [2048, 3072, 3840, 4095]])
    pgm = b"P5\n4 2\n4095\n" + values.astype(">u2").tobytes()
    plain = f"P2 4 2 4095 {' '.join(map(str, values.flat))}".encode()
    for content in (pgm, plain, JPEG2000_12_BITS):
        pixels = read_image(io.BytesIO(content), 1, reading=Reading(pixel_range="0,4095"))
        np.testing.assert_array_equal(pixels[:, :, 0], np.rint(values / 4095 * 255))
        with pytest.raises(ImageError, match="values from 0 to 4095"):
            read_image(io.BytesIO(content), 1)
    colour = b"P6 4 2 4095 " + np.repeat(values, 3).astype(">u2").tobytes()
    assert read_picture(io.BytesIO(colour)).remarks == ("deep",)


def test_deep_grey_with_opacity_is_grey_and_has_no_range():
    """Pillow reads it as colour of 8 bits, whatever range is stated."""
    content = kinds.png(16, 4, [bytes(range(48))] * 5, 12)
    picture = read_picture(io.BytesIO(content))
    assert picture.pixels.shape == (5, 12, 1) and "deep" in picture.remarks
    assert "coloured" not in read_picture(io.BytesIO(content), 1).remarks
    with pytest.raises(ImageError, match="grey without opacity. Save it without"):
        read_image(io.BytesIO(content), 1, reading=Reading(pixel_range="0,4095"))


def test_white_that_is_0_is_white_at_any_depth():
    values = np.array([[0, 1000, 40000, 65535]], "uint16")
    tags = {"tiffinfo": {262: 0}}
    # Pillow turns 8 bits round where it writes them, too.
    for stored in ((values // 257).astype("uint8"), 65535 - values):
        content = kinds.encoded(Image.fromarray(stored), "TIFF", **tags)
        pixels = read_image(io.BytesIO(content), 1, reading=Reading(pixel_range="0,65535"))
        np.testing.assert_allclose(pixels[0, :, 0], values[0] / 257, atol=1)
    floats = kinds.encoded(Image.fromarray(values.astype("float32")), "TIFF", **tags)
    with pytest.raises(ImageError, match="floats, of which 0 is white"):
        read_image(io.BytesIO(floats), 1, reading=Reading(pixel_range="0,65535"))


def test_deep_grey_with_damaged_exif_data_is_read_as_it_lies():
    content = kinds.encoded(kinds.deep(), "PNG")
    damaged = kinds.with_chunk_at_its_end(content, b"eXIf", b"garbage data")
    reading = Reading(pixel_range="0,4095")
    np.testing.assert_array_equal(
        read_image(io.BytesIO(damaged), 1, reading=reading),
        read_image(io.BytesIO(content), 1, reading=reading),
    )


def test_pillows_warnings_are_quiet_and_nobody_elses():
    """In many threads too: what `catch_warnings` puts back there are another thread's filters."""
    content = kinds.READABLE["png-ink"]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: read_image(io.BytesIO(content), 3), range(200)))
        with pictures.opened(io.BytesIO(content)):
            warnings.warn_explicit("of Pillow", UserWarning, "a.py", 1, "PIL.Image")
        assert warnings.filters.count(pictures.QUIET) == 1
        assert ("ignore", None, Warning, None, 0) not in warnings.filters
        with pytest.raises(UserWarning, match="of ours"):
            warnings.warn("of ours", stacklevel=1)


def test_floats_must_be_numbers():
    content = kinds.encoded(Image.fromarray(np.full((3, 3), np.nan, "f4")), "TIFF")
    with pytest.raises(ImageError, match="NaN or infinite"):
        read_image(io.BytesIO(content), 1, reading=Reading(pixel_range="0,1"))


@pytest.mark.parametrize(
    "old, new, fit, part, scaled",
    [
        ((30, 40), (8, 8), "stretch", (30, 40), (8, 8)),
        ((30, 40), (8, 8), "crop", (30, 30), (8, 8)),
        ((40, 30), (8, 8), "crop", (30, 30), (8, 8)),
        ((30, 40), (8, 8), "pad", (30, 40), (6, 8)),
        ((1, 1000), (8, 8), "pad", (1, 1000), (1, 8)),
        ((1, 1000), (8, 8), "crop", (1, 1), (8, 8)),
        ((30, 40), (3, 4), "crop", (30, 40), (3, 4)),
        ((30, 40), (3, 4), "pad", (30, 40), (3, 4)),
    ],
)
def test_fits(old, new, fit, part, scaled):
    assert placement(old, new, fit) == (part, scaled)


def test_cropping_keeps_the_middle_and_padding_keeps_all():
    picture = Image.new("RGB", (30, 10), (0, 0, 255))
    picture.paste((255, 0, 0), (10, 0, 20, 10))
    content = kinds.encoded(picture, "PNG")
    crop = read_image(io.BytesIO(content), 3, (10, 10), Reading("crop"))
    assert (crop == [255, 0, 0]).all()
    pad = read_image(io.BytesIO(content), 3, (30, 30), Reading("pad", "#00ff00"))
    np.testing.assert_array_equal(pad[10:20], np.asarray(picture))
    assert (pad[:10] == [0, 255, 0]).all() and (pad[20:] == [0, 255, 0]).all()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"fit": "cut"}, "`fit` must be one of stretch, pad, crop. Received: fit='cut'"),
        ({"background": "no colour"}, "`background` must be a colour"),
        ({"background": "#ff000080"}, "`background` must be a colour"),
        ({"pixel_range": "0"}, "`pixel_range` must be two numbers"),
        ({"pixel_range": "5,5"}, "`pixel_range` must be two numbers"),
        ({"pixel_range": "0,inf"}, "`pixel_range` must be two numbers"),
    ],
)
def test_unknown_choices_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Reading(**options)


def test_sizes():
    assert size_of(28) == size_of((28,)) == size_of([28, 28]) == (28, 28)
    assert size_of(0) is None and size_of(()) is None and size_of((48, 64)) == (48, 64)
    for wrong, error in (((1, 2, 3), ValueError), ((0, 5), ValueError), ("28", TypeError)):
        with pytest.raises(error, match="`image_size` must be"):
            size_of(wrong)
    assert ImageColor.getrgb("white") == Reading().colour == (255, 255, 255)


@pytest.mark.parametrize("name", ["webp-turned", "jpeg-turned-6", "png-turned-at-its-end"])
def test_a_plain_png_says_no_more_of_turning(name):
    plain = plain_png(io.BytesIO(kinds.READABLE[name]()))
    with Image.open(io.BytesIO(plain)) as picture:
        assert picture.format == "PNG" and not picture.getexif()
    np.testing.assert_array_equal(read_image(io.BytesIO(plain), 3), read(name))


def test_a_plain_png_keeps_what_is_transparent():
    for name in ("webp", "png-transparent-palette", "tiff-alpha"):
        plain = io.BytesIO(plain_png(io.BytesIO(kinds.READABLE[name]())))
        over = Reading(background="#123456")
        np.testing.assert_array_equal(read_image(plain, 3, None, over), read(name, 3, None, over))


HEIC = b"\0\0\0\x18ftypheic" + bytes(40)


def test_heic_without_its_package_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "photo.jpg").write_bytes(HEIC)  # phones name them so, too
    imported = builtins.__import__

    def missing(name, *rest):
        if name == "pillow_heif":
            raise ImportError
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImageError, match=r"photo.jpg: .*pip install .*heic"):
        read_image(tmp_path / "photo.jpg", 3)


def test_heic_is_read_and_upright(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    flat = Image.new("RGB", (64, 32), (200, 30, 40))
    flat.save(tmp_path / "photo.heic", exif=kinds.exif(6))
    pixels = read_image(tmp_path / "photo.heic", 3)
    assert pixels.shape == (64, 32, 3)
    assert np.abs(pixels.reshape(-1, 3).mean(axis=0) - [200, 30, 40]).max() < 4


def test_extensions_are_lower_case_and_known_to_pillow():
    Image.init()
    heic = {".heic", ".heif", ".hif"}
    assert set(images.EXTENSIONS) - heic <= Image.registered_extensions().keys()
    assert {".jfif", ".pgm", ".ppm", ".jp2", ".avif", *heic} <= set(images.EXTENSIONS)
