"""Formulas as MathML, which browsers draw themselves: no script, and nothing from a network."""

import re

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)
converter = LatexToMathML()
TAG = re.compile(r"\\tag\{(.*?)\}\s*$")  # outside of the formula, at its end


def to_mathml(node, latex, block):
    """LaTeX as MathML; a warning, which fails the build, if it is not LaTeX."""
    latex = latex.strip().replace("{split}", "{aligned}")
    if block and r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    try:
        return converter.convert_with_local_state(latex, displaystyle=block)
    except LatexError as error:
        logger.warning("Not a formula: %s\n%s", latex, error, location=node)
        return latex


def visit_math(translator, node):
    """A formula in a line of text."""
    translator.body.append(to_mathml(node, node.astext(), block=False))
    raise nodes.SkipNode


def visit_displaymath(translator, node):
    """A formula on its own, perhaps with a tag, or a number and a target."""
    latex, *tags = TAG.split(node.astext())
    translator.body.append(translator.starttag(node, "div", CLASS="formula"))
    translator.body.append(to_mathml(node, latex, block=True))
    if tags:
        translator.body.append(f'<span class="eqno">({translator.encode(tags[0])})</span>')
    elif node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Take the place of sphinx.ext.mathjax."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True}
