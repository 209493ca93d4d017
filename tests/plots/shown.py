"""What a reader of a picture sees: which points in which colour, and which names where."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex


def points_by_colour(axes):
    """The points of a scatter plot: a dict of arrays (n, 2) by the colour that they have."""
    places = np.concatenate([points.get_offsets() for points in axes.collections])
    # One colour for all points of a collection is written once.
    colours = [
        to_hex(colour).upper()
        for points in axes.collections
        for colour in np.broadcast_to(points.get_facecolors(), (len(points.get_offsets()), 4))
    ]
    return {colour: places[np.array(colours) == colour] for colour in sorted(set(colours))}


def boxes_of_names(figure):
    """Left, bottom, right and top of each name in pixels, as the figure is drawn at last."""
    (axes,) = figure.axes
    figure.set_layout_engine("constrained", rect=(0, 0.02, 1, 0.98))  # as `figures.save` does
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    names = [text for text in axes.texts if text.get_weight() == "bold"]
    return {text.get_text(): text.get_window_extent(renderer).extents for text in names}
