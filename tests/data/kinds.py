"""Image files of every kind that people have, made here: whole, odd and damaged.

`READABLE` are files that a reader takes, `DAMAGED` those that it must refuse by name. Both are
functions by name that return a file's content. docs/inputs.md has the table of all kinds.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

ORIENTATION = 0x0112
XMP = '<x:xmpmeta><rdf:Description tiff:Orientation="{}"/></x:xmpmeta>'


def smooth(mode="RGB", size=(37, 23)):
    """A picture of every value, without symmetry: random corners, drawn large."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4), dtype="uint8")
    return Image.fromarray(pixels, "RGBA").resize(size).convert(mode)


def encoded(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def exif(orientation, order="<", kind=3, count=1, tag=ORIENTATION, entries=1):
    """EXIF data with one tag; other arguments than the first make it odd."""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0][: 5 - kind]))
    entry = struct.pack(order + "HHI", tag, kind, count) + value
    return b"Exif\0\0" + start + struct.pack(order + "H", entries) + entry + bytes(4)


def png(depth, kind, rows, width, *chunks):
    """A PNG written by hand: bits a channel, kind of colour, rows of bytes, chunks before data."""
    header = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, parts))


def _chunk(part):
    kind, data = part
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk_at_its_end(content, kind, data):
    """A PNG with a chunk behind its pixels."""
    return content[:-12] + _chunk((kind, data)) + content[-12:]


def grey_rows(depth, width=16, height=6):
    """Rows of a picture with every value of so many bits, as a PNG holds them."""
    values = np.arange(width * height).reshape(height, width) * 3 % 2**depth
    bits = (values[:, :, None] >> np.arange(depth)[::-1]) & 1
    return [np.packbits(row).tobytes() for row in bits.reshape(height, -1)]


def deep(low=0, high=4095, size=(12, 9)):
    """16-bit grey, as a microscope with 12 bits has it."""
    return Image.fromarray(np.linspace(low, high, size[0] * size[1]).reshape(size).astype("uint16"))


def floats(low=-1.0, high=3.0, size=(12, 9)):
    return Image.fromarray(np.linspace(low, high, size[0] * size[1]).reshape(size).astype("f4"))


def ink(mode="RGBA", colour=0, size=(24, 24)):
    """A disc of ink of one colour on nothing, as icons and scanned signatures are."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    alpha = np.clip(9 - np.hypot(rows - 10, columns - 12), 0, 1) * 255
    picture = Image.new("LA", size, (colour, 0))
    picture.putalpha(Image.fromarray(alpha.astype("uint8")))
    return picture.convert(mode)


def see_through_palette():
    palette = smooth().quantize(9)
    return encoded(palette, "PNG", transparency=bytes([0, 90, 200]))


def pages(kind, count=3, **options):
    """Several pictures in one file: the first is the one that is read."""
    pictures = [Image.new("RGB", (16, 12), (80 * number, 20, 200)) for number in range(count)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


def large_text(length=2**21):
    """A PNG with a compressed text, as some editors leave their history in."""
    text = PngImagePlugin.PngInfo()
    text.add_text("history", "x" * length, zip=True)
    return encoded(smooth(), "PNG", pnginfo=text)


def xmp_text(compressed=False, orientation=6):
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.format(orientation), zip=compressed)
    return encoded(smooth(), "PNG", pnginfo=text)


def exif_as_text():
    """As older ImageMagick writes EXIF data into a PNG."""
    data = exif(6)
    lines = "\n".join(["", "exif", f"{len(data):8}", data.hex(), ""])
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", lines)
    return encoded(smooth(), "PNG", pnginfo=text)


def stray_bytes():
    """A JPEG with fill bytes before a marker."""
    content = encoded(smooth(), "JPEG", exif=exif(8))
    return content[:2] + b"\xff\xff\xff" + content[2:]


def jpeg(**options):
    return encoded(smooth(), "JPEG", **options)


def colour_png(**options):
    return encoded(smooth(), "PNG", **options)


READABLE = {
    "png-grey": lambda: encoded(smooth("L"), "PNG"),
    "png-colour": colour_png,
    "png-palette": lambda: encoded(smooth().quantize(40), "PNG"),
    "png-palette-of-2-bits": lambda: encoded(smooth().quantize(4), "PNG", bits=2),
    "png-1-bit": lambda: encoded(smooth("1"), "PNG"),
    "png-2-bits": lambda: png(2, 0, grey_rows(2), 16),
    "png-4-bits": lambda: png(4, 0, grey_rows(4), 16),
    "png-16-bits-colour": lambda: png(16, 2, [bytes(range(72))] * 5, 12),
    "png-16-bits-grey-alpha": lambda: png(16, 4, [bytes(range(48))] * 5, 12),
    "png-alpha": lambda: encoded(smooth("RGBA"), "PNG"),
    "png-grey-alpha": lambda: encoded(smooth("LA"), "PNG"),
    "png-alpha-that-hides-nothing": lambda: encoded(smooth().convert("RGBA"), "PNG"),
    "png-ink": lambda: encoded(ink(), "PNG"),
    "png-grey-ink": lambda: encoded(ink("LA"), "PNG"),
    "png-white-ink": lambda: encoded(ink(colour=255), "PNG"),
    "png-transparent-palette": see_through_palette,
    "png-transparent-grey": lambda: encoded(
        smooth("L"), "PNG", transparency=smooth("L").getpixel((9, 9))
    ),
    "png-transparent-colour": lambda: encoded(
        smooth(), "PNG", transparency=smooth().getpixel((9, 9))
    ),
    "png-transparent-of-1-bit": lambda: encoded(smooth("1"), "PNG", transparency=0),
    "png-transparent-of-2-bits": lambda: png(2, 0, grey_rows(2), 16, (b"tRNS", b"\0\2")),
    "png-transparent-of-4-bits": lambda: png(4, 0, grey_rows(4), 16, (b"tRNS", b"\0\5")),
    **{f"png-turned-{number}": lambda n=number: colour_png(exif=exif(n)[6:]) for number in (3, 6)},
    "png-turned-at-its-end": lambda: with_chunk_at_its_end(colour_png(), b"eXIf", exif(6)[6:]),
    "png-turned-by-xmp": xmp_text,
    "png-turned-by-compressed-xmp": lambda: xmp_text(compressed=True),
    "png-turned-by-text": exif_as_text,
    "png-animated": lambda: pages("PNG"),
    "jpeg-grey": lambda: encoded(smooth("L"), "JPEG"),
    "jpeg-colour": lambda: jpeg(subsampling=2),
    "jpeg-progressive": lambda: jpeg(progressive=True),
    "jpeg-cmyk": lambda: encoded(smooth("CMYK"), "JPEG"),
    **{f"jpeg-turned-{number}": lambda n=number: jpeg(exif=exif(n)) for number in range(10)},
    "jpeg-turned-big-endian": lambda: jpeg(exif=exif(6, ">")),
    "jpeg-turned-by-a-long": lambda: jpeg(exif=exif(6, kind=4)),
    "jpeg-turned-by-xmp": lambda: jpeg(xmp=XMP.format(8).encode()),
    "jpeg-turned-twice": lambda: jpeg(exif=exif(6), xmp=XMP.format(3).encode()),
    "jpeg-upright-in-xmp": lambda: jpeg(xmp=XMP.format(1).encode()),
    "jpeg-exif-without-orientation": lambda: jpeg(exif=exif(6, tag=0x0100)),
    "jpeg-exif-of-nothing": lambda: jpeg(exif=b"Exif\0\0"),
    "jpeg-exif-damaged": lambda: jpeg(exif=b"Exif\0\0no such data"),
    "jpeg-exif-cut": lambda: jpeg(exif=exif(6, entries=9)),
    "jpeg-stray-bytes": stray_bytes,
    "jpeg-of-several": lambda: pages("MPO"),
    "gif": lambda: encoded(smooth(), "GIF"),
    "gif-animated": lambda: pages("GIF"),
    "webp": lambda: encoded(smooth("RGBA"), "WEBP"),
    "webp-turned": lambda: encoded(smooth(), "WEBP", exif=exif(6)),
    "webp-animated": lambda: pages("WEBP"),
    "avif": lambda: encoded(smooth(), "AVIF"),
    "avif-turned": lambda: encoded(smooth(), "AVIF", exif=exif(6)),
    "bmp": lambda: encoded(smooth(), "BMP"),
    "tiff": lambda: encoded(smooth(), "TIFF"),
    "tiff-cmyk": lambda: encoded(smooth("CMYK"), "TIFF"),
    "tiff-alpha": lambda: encoded(ink(), "TIFF"),
    "tiff-turned": lambda: encoded(smooth(), "TIFF", tiffinfo={ORIENTATION: 6}),
    "tiff-of-several": lambda: pages("TIFF"),
    "jpeg-2000": lambda: encoded(smooth(), "JPEG2000"),
    "pgm": lambda: encoded(smooth("L"), "PPM"),
    "ppm": lambda: encoded(smooth(), "PPM"),
    "pbm": lambda: encoded(smooth("1"), "PPM"),
    "tga": lambda: encoded(smooth("RGBA"), "TGA"),
    "pcx": lambda: encoded(smooth(), "PCX"),
    "ico": lambda: encoded(ink(size=(32, 32)), "ICO"),
}

# With more than 8 bits of grey: read within a stated range alone.
DEEP = {
    "png-16-bits": lambda: encoded(deep(), "PNG"),
    "tiff-16-bits": lambda: encoded(deep(), "TIFF"),
    "tiff-16-bits-turned": lambda: encoded(deep(), "TIFF", tiffinfo={ORIENTATION: 6}),
    "tiff-float": lambda: encoded(floats(), "TIFF"),
    "tiff-32-bits": lambda: encoded(deep().convert("I"), "TIFF"),
    "pgm-16-bits": lambda: encoded(deep(), "PPM"),
    "jpeg-2000-16-bits": lambda: encoded(deep(), "JPEG2000"),
}

DAMAGED = {
    "empty": lambda: b"",
    "text": lambda: b"no image",
    "html": lambda: b"<!DOCTYPE html><title>404</title>",
    "png-cut": lambda: colour_png()[:-200],
    "png-cut-in-its-header": lambda: colour_png()[:20],
    "png-of-no-size": lambda: png(8, 0, [], 0),
    "png-large-text": large_text,
    "png-16-bits-transparent": lambda: png(
        16, 2, [bytes(range(72))] * 5, 12, (b"tRNS", b"\0\1\2\3\4\5")
    ),
    "jpeg-cut": lambda: jpeg()[:300],
    "gif-cut": lambda: encoded(smooth(), "GIF")[:30],
    "tiff-cut": lambda: encoded(smooth(), "TIFF")[:60],
    "webp-cut": lambda: encoded(smooth(), "WEBP")[:60],
    "avif-cut": lambda: encoded(smooth(), "AVIF")[:300],
    "jpeg-2000-cut": lambda: encoded(smooth(), "JPEG2000")[:90],
    "bmp-cut": lambda: encoded(smooth(), "BMP")[:60],
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}
