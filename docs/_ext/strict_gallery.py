"""What the gallery resets around an example."""

import warnings

_filters = []


def warnings_are_errors(gallery_conf, fname, when):
    """Let a warning end the example, as it would end a test."""
    if when == "before":
        _filters[:] = warnings.filters
        warnings.simplefilter("error")
    else:
        warnings.filters[:] = _filters
