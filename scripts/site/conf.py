# How Sphinx builds the site from what stage.py laid out: notebooks as they are, not run again; nothing
# that a page needs comes from another host, so formulas are MathML, which browsers draw by themselves.
import pathlib
import re
import sys

import latex2mathml.converter
from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "nbconvert"))
import panels  # noqa: E402  (of scripts/nbconvert)

project = "Interplay"
author = "the Interplay authors"
root_doc = "index"
extensions = ["myst_nb"]
exclude_patterns = ["**/student/*.ipynb"]  # offered as files, not shown as pages
html_static_path = ["static", "../nbconvert/page/panels.css", "../nbconvert/page/panels.js"]
html_css_files = ["site.css", "panels.css"]
html_js_files = ["site.js", ("panels.js", {"defer": "defer"})]
language = "en"

nb_execution_mode = "off"
nb_merge_streams = True
nb_render_text_lexer = "none"
nb_render_error_lexer = "none"
nb_code_prompt_show = "Show {type}"
nb_code_prompt_hide = "Hide {type}"
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_title = "Interplay"
html_theme_options = {
    "logo": {"text": "Interplay"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "show_toc_level": 2,
    "navbar_persistent": ["search-button"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {page: [] for page in ("index", "notebooks/00_walkthrough")}
html_copy_source = False
html_show_sourcelink = False


def mathml(self, node):
    block = isinstance(node, nodes.math_block)
    formula = latex2mathml.converter.convert(node.astext(), display="block" if block else "inline")
    self.body.append(f'<div class="math">{formula}</div>' if block else formula)
    raise nodes.SkipNode


# An output's picture has its own description beside it, as plain text (stage.py puts it into the output's
# metadata); myst-nb knows one for a whole cell only.
render_image = NbElementRenderer.render_image


def described(self, data):
    images = render_image(self, data)
    if alt := data.output_metadata.get("image/png", {}).get("alt"):
        images[0]["alt"] = alt
    return images


def without_empty_heads(app, doctree):
    """Tables whose head says nothing have none: a screen reader would read out empty cells."""
    for head in list(doctree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)


def without_empty_head_cells(app, pagename, templatename, context, doctree):
    """A cell of a table's head that says nothing is no head of its column."""
    if "body" in context:
        context["body"] = re.sub(r"<th class=\"([^\"]*)\">(<p></p>)?</th>", r'<td class="\1"></td>', context["body"])


def with_panels(app, doctree):
    """Behind a figure of several panels its pieces, for narrow windows."""
    for image in list(doctree.findall(nodes.image)):
        path = pathlib.Path(app.srcdir, image["uri"])
        if path.suffix == ".png" and path.is_file() and (pieces := panels.markup(path.read_bytes(), image.get("alt", ""))):
            block = image.parent if isinstance(image.parent, nodes.paragraph) else image
            block.parent.insert(block.parent.index(block) + 1, nodes.raw("", pieces, format="html"))


def visit_hidden(self, node):
    """A cell that opens at a click, named by what it says."""
    self.body.append(f'<details class="admonition hide {" ".join(node["classes"])}"><summary>'
                     f'<p class="collapsed admonition-title">{node["prompt_show"]}</p>'
                     f'<p class="expanded admonition-title">{node["prompt_hide"]}</p></summary>')


def setup(app):
    app.connect("doctree-read", without_empty_heads)
    app.connect("doctree-read", with_panels)
    app.connect("html-page-context", without_empty_head_cells)
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_HideCellInput))
    app.add_html_math_renderer("mathml", inline_renderers=(mathml, None), block_renderers=(mathml, None))
    NbElementRenderer.render_image = described
