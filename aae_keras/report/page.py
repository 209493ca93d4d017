"""The page's own files joined into one: styles, modules and data inline, nothing to fetch.

Browsers refuse module files from disk. So each module becomes a `data:` URL of an import map, under
the name that the others import it by, and stays a module with a scope of its own.
"""

import base64
import importlib.resources
import json
import re

FILES = importlib.resources.files("aae_keras.report") / "page"
# What another module is imported by.
_IMPORT = re.compile(r'(?<=\bfrom )"\./([\w-]+\.js)"')
_ENTRANCE = "main.js"


def join(data: str) -> str:
    """The whole page.

    Args:
        data: JSON without `<`, from `Report.to_json`.

    Returns:
        HTML that needs nothing but itself.
    """
    parts = {
        "styles": _read("page.css"),
        "modules": json.dumps({"imports": modules()}),
        "entrance": f'import "page/{_ENTRANCE}";',
        "data": data,
    }
    return re.sub(r"/\* inline: (\w+) \*/", lambda found: parts[found[1]], _read("index.html"))


def modules() -> dict[str, str]:
    """The modules by the names that an import map has for them, as `data:` URLs."""
    sources = sorted(
        (file.name, file.read_text(encoding="utf-8"))
        for file in FILES.iterdir()
        if file.name.endswith(".js")
    )
    return {f"page/{name}": _url(_IMPORT.sub(r'"page/\1"', source)) for name, source in sources}


def _url(source):
    text = base64.b64encode(source.encode("utf-8")).decode()
    return f"data:text/javascript;charset=utf-8;base64,{text}"


def _read(name):
    return (FILES / name).read_text(encoding="utf-8")
