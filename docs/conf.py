"""Sphinx's settings. Build the site with ``python -m sphinx -W --keep-going docs docs/_build``."""

import ast
import os
import sys
from pathlib import Path

import skshallow
from skshallow._base import DOCUMENTATION

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

project = "skshallow"
author = "The skshallow maintainers"
copyright = author
version = release = skshallow.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
exclude_patterns = ["_build", "_generated"]
templates_path = ["_templates"]

# Every reference must lead somewhere. The names of other projects do where their inventories are.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(matplotlib|numpy|scipy|sklearn)\..*")]

# The build needs no network, so inventories of other projects are fetched only when asked for.
intersphinx_mapping = {}
if os.environ.get("SKSHALLOW_INTERSPHINX"):
    intersphinx_mapping = {
        "matplotlib": ("https://matplotlib.org/stable", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # the docstrings say more than the annotations
numpydoc_class_members_toctree = False
# What comes from scikit-learn is described there, with labels that only its own site has.
numpydoc_show_inherited_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "capture_repr": ("_repr_html_",),  # estimators, but not what `axis.set` returns
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("skshallow",),
    "reset_modules": ("matplotlib", "strict_gallery.warnings_are_errors"),
    "reset_modules_order": "both",
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
}

# The table of the benchmarks' page: the first line of each script's docstring.
scripts = {
    path.name: ast.get_docstring(ast.parse(path.read_text()))
    for path in sorted((DOCS.parent / "benchmarks").glob("*.py"))
}
rows = [f"| `{name}` | {text.splitlines()[0]} |\n" for name, text in scripts.items()]
(DOCS / "_generated").mkdir(exist_ok=True)
(DOCS / "_generated" / "benchmarks.md").write_text(
    "".join(["| script | what it shows |\n|---|---|\n", *rows])
)

html_theme = "pydata_sphinx_theme"
html_title = "skshallow"
html_baseurl = DOCUMENTATION
html_static_path = ["_static"]
html_css_files = ["skshallow.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["sphinx-version"],
    "footer_end": ["theme-version"],
    "header_links_before_dropdown": 5,
}
html_sidebars = {"**": []}  # the header leads everywhere, and code wants the width
