# How nbconvert executes the project's notebooks: a line a cell with its section
# and its time, no limit on how long a cell may take (training takes minutes), and
# a generous one on how long the kernel takes to start. And how it makes a page of
# them: by the template nbconvert/page.
import base64
import os
import sys
import time

from nbconvert.preprocessors import Preprocessor

folder = os.path.join(os.path.dirname(__file__), "nbconvert")
sys.path.insert(0, folder)
import panels  # noqa: E402  (of that folder)

c = get_config()  # noqa: F821  (nbconvert provides it)

sections = {}  # index of a code cell: the heading that it stands under
began = {}


def look_through(notebook):
    heading = ""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            sections[index] = heading
            continue
        for line in cell.source.splitlines():
            if line.startswith("#"):
                heading = line.strip("# ")


def start(cell, cell_index):
    if cell_index in sections:
        began[cell_index] = time.monotonic()
        print(f"  cell {len(began)} of {len(sections)}: {sections[cell_index][:50]} … ", end="", flush=True)


def done(cell, cell_index, execute_reply):
    print(f"{time.monotonic() - began[cell_index]:.1f} s", flush=True)


c.ExecutePreprocessor.kernel_name = "gonb"
c.ExecutePreprocessor.timeout = -1
c.ExecutePreprocessor.startup_timeout = 300
c.ExecutePreprocessor.on_notebook_start = look_through
c.ExecutePreprocessor.on_cell_start = start
c.ExecutePreprocessor.on_cell_executed = done


class Language(Preprocessor):
    """Says that the code is Go: the kernel names no lexer, and code would be coloured as Python."""

    def preprocess(self, nb, resources):
        if nb.metadata.get("kernelspec", {}).get("name") == "gonb":
            nb.metadata.setdefault("language_info", {})["pygments_lexer"] = "go"
        return nb, resources


def pieces(output):
    """The pieces of an output's figure, for narrow windows."""
    picture = output["data"]["image/png"]
    return panels.markup(base64.b64decode(picture), output["data"].get("text/plain", "").strip())


c.Exporter.preprocessors = [Language]
c.TemplateExporter.filters = {"pieces": pieces}
c.HTMLExporter.template_name = "page"
c.HTMLExporter.extra_template_basedirs = [folder]
