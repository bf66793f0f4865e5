# Lays out the sources of the site in a folder: stage.py FOLDER, from the project's root, after the pages of the
# packages were written to FOLDER/api. Documents and notebooks keep their places, so that links between them hold.
import html
import json
import pathlib
import re
import shutil
import sys

root = pathlib.Path.cwd()
stage = pathlib.Path(sys.argv[1])

STUDIES = ["01_edge_of_competence", "02_seed_exposure", "03_compute_split", "04_reward_types", "10_algorithms", "11_side_by_side"]
GUIDES = ["docs/notebooks", "docs/machines", "CONTRIBUTING"]
REFERENCE = ["docs/findings", "docs/trust", "docs/comparison", "docs/faq", "docs/install", "ARCHITECTURE", "docs/README", "docs/paper", "docs/generator", "docs/verifier", "docs/scales", "SECURITY"]
REFERENCE += sorted(name for name in (f"docs/{p.stem}" for p in (root / "docs").glob("*.md")) if name not in GUIDES + REFERENCE)

# The subjects of the lab log: an entry is listed under each of them whose words stand in its headings.
SUBJECTS = {
    "The studies and their results": r"stud(y|ies)|came out|intervals|walkthrough|questions?\b",
    "Pre-training and bases": r"base|start|train|learning|loss",
    "Sampling and RL": r"sampl|GRPO|reward|rollout|update of the learner",
    "Problems, tokens, the judge": r"judge|verifier|generator|sampler|token|BPE|word problems|terse",
    "Speed and memory": r"speed|time went|time goes|faster|costs?\b|memory|decoder|matri|blocks|pass of the update|training step|passes",
    "GPU and many machines": r"GPU|CUDA|machines|workers|cluster|side by side|two cores",
    "Other programs": r"transformers|JAX|PyTorch|peers|hugging|parity|other programs",
    "Tools, store, documents": r"store|command line|figures|documents|course|lessons|site|notebooks|hostile",
}


def write(name, text):
    path = stage / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def copy(name):
    (stage / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / name, stage / name)


def toctree(entries, caption="", hidden=True, depth=1):
    lines = ["", "```{toctree}", f":maxdepth: {depth}"]
    lines += [":hidden:"] if hidden else []
    lines += [f":caption: {caption}"] if caption else []
    return "\n".join([*lines, "", *entries, "```", ""])


def title(notebook):
    text = "".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
    return re.search(r"^# (.*)$", text, re.MULTILINE).group(1)


# Colours of notebooks' outputs that were chosen for white paper, and the theme's variables for them.
COLOURS = {
    "color:#666": "color:var(--pst-color-text-muted)",
    "color:#444": "color:var(--pst-color-text-muted)",
    "background:#f6f6f4;color:#222": "background:var(--pst-color-surface);color:var(--pst-color-text-base)",
}


def themed(text):
    for old, new in COLOURS.items():
        text = text.replace(old, new)
    return re.sub(r"<th( [^>]*)?></th>", r"<td\1></td>", text)


def prepared(path):
    """A notebook whose code is known to be Go, whose pictures have their descriptions and whose tables the theme's colours."""
    notebook = json.loads((root / path).read_text())
    notebook["metadata"]["language_info"]["pygments_lexer"] = "go"
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = themed("".join(data["text/html"]))
            if "image/png" in data:
                alt = "".join(data.get("text/plain", "")).strip()
                output.setdefault("metadata", {})["image/png"] = {"alt": alt or "figure without a description"}
    return notebook


def lesson(name):
    """The teacher's edition, whose solutions and checks open at a click, and the student's as a file."""
    notebook = prepared(f"notebooks/course/teacher/{name}.ipynb")
    for cell in notebook["cells"]:
        kind = cell["metadata"].get("nbgrader")
        if not kind:
            continue
        what = "the check" if kind["grade"] else "a solution"
        cell["metadata"]["tags"] = [*cell["metadata"].get("tags", []), "hide-input"]
        cell["metadata"]["mystnb"] = {"code_prompt_show": f"Show {what}", "code_prompt_hide": f"Hide {what}"}
    first = notebook["cells"][0]
    first["source"] = "".join(first["source"]) + (
        f"\n\nOn this page solutions and checks open at a click. To write them yourself: "
        f"{{download}}`the notebook of this lesson <student/{name}.ipynb>`, or `make course`."
    )
    write(f"notebooks/course/{name}.ipynb", json.dumps(notebook))
    (stage / "notebooks/course/student").mkdir(parents=True, exist_ok=True)
    shutil.copy(root / f"notebooks/course/{name}.ipynb", stage / f"notebooks/course/student/{name}.ipynb")
    return f"[{title(notebook)}]({name}.ipynb)"


def course():
    names = sorted(p.stem for p in (root / "notebooks/course").glob("*.ipynb"))
    for name in names:
        lesson(name)
    text = (root / "notebooks/course/README.md").read_text()
    write("notebooks/course/README.md", text + toctree([*names, "glossary"]))
    copy("notebooks/course/glossary.md")


def studies():
    lines = ["# Studies", "", "Each study is a notebook: its question, its claims with their rules, and what came out.", ""]
    for name in STUDIES:
        notebook = prepared(f"notebooks/{name}.ipynb")
        write(f"notebooks/{name}.ipynb", json.dumps(notebook))
        lines.append(f"* [{title(notebook)}]({name}.ipynb)")
    write("notebooks/studies.md", "\n".join(lines) + "\n" + toctree(STUDIES))
    for name in ["00_walkthrough", "05_your_own"]:
        write(f"notebooks/{name}.ipynb", json.dumps(prepared(f"notebooks/{name}.ipynb")))


def documents():
    for name in [*GUIDES, *REFERENCE]:
        write(name + ".md", (root / f"{name}.md").read_text().replace("](../README.md", "](../index.md"))  # README is the first page
    for name in ["LICENSE", "CITATION.cff", "examples/group_size.json", "examples/rejection.json", "scripts/cluster/example.json"]:
        copy(name)
    copy("docs/walkthrough.gif")
    shutil.copytree(root / "docs/badges", stage / "docs/badges", dirs_exist_ok=True)
    shutil.copytree(root / "notebooks/figures", stage / "notebooks/figures", dirs_exist_ok=True)
    listed = "# Guides\n\nHow to add to the laboratory, run it elsewhere, and ask a question of your own.\n\n"
    listed += "* [A notebook of your own](notebooks/05_your_own.ipynb)\n"
    listed += "".join(f"* [{heading(n)}]({n}.md)\n" for n in GUIDES)
    write("guides.md", listed + toctree(["notebooks/05_your_own", *GUIDES]))
    listed = "# Reference\n\nHow the laboratory is built, and what its parts are defined as.\n\n"
    listed += "".join(f"* [{heading(n)}]({n}.md)\n" for n in REFERENCE)
    write("reference.md", listed + toctree(REFERENCE))


def heading(name):
    return re.search(r"^# (.*)$", (root / f"{name}.md").read_text(), re.MULTILINE).group(1)


def log():
    """The lab log: a page an entry, listed by date and by subject."""
    head, *entries = re.split(r"^(?=## )", (root / "LAB.md").read_text(), flags=re.MULTILINE)
    dated, subjects, pages = [], {s: [] for s in SUBJECTS}, []
    for entry in entries:
        date, name = re.match(r"## (\S+) · (.*)", entry).groups()
        page = "lab/" + date + "-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-")
        pages.append(page)
        write(page + ".md", re.sub(r"^#(#+ )", r"\1", entry.replace(f"## {date} · {name}", f"## {name}\n\n*{date}*", 1), flags=re.MULTILINE))
        dated.append(f"* {date} · [{name}]({page}.md)")
        for sub in [name, *re.findall(r"^### (.*)$", entry, re.MULTILINE)]:
            for subject, words in SUBJECTS.items():
                if re.search(words, sub, re.IGNORECASE):
                    at = f"[{name}]({page}.md)" + ("" if sub == name else f": {sub}")
                    subjects[subject].append(f"* {date} · {at}")
    text = head.rstrip() + "\n\n## By subject\n\n"
    for subject, lines in subjects.items():
        text += f"### {subject}\n\n" + "\n".join(lines) + "\n\n"
    write("LAB.md", text + "## By date\n\n" + "\n".join(dated) + "\n" + toctree(pages))


def place(link):
    """A link to a place of a package's page: the places are HTML, which myst does not see, and so is the link."""
    words = re.sub(r"\\(.)", r"\1", link[1])
    return f'<a href="#{link[2]}">{html.escape(words)}</a>'


def packages():
    """The pages that gomarkdoc wrote, listed with the first sentence of each."""
    lines = ["# Packages", "", "What each package offers, from its comments. A notebook imports `kernelkit` alone.", "", "| package | what it is |", "|---|---|"]
    names = sorted(p.relative_to(stage / "api").with_suffix("").as_posix() for p in (stage / "api").rglob("*.md"))
    for name in names:
        path = stage / f"api/{name}.md"
        text = path.read_text()
        text = re.sub(r"^# .*$", f"# {name}", text, count=1, flags=re.MULTILINE)
        text = text.replace("<!-- Code generated by gomarkdoc. DO NOT EDIT -->\n\n", "")
        text = re.sub(r"\nGenerated by \[gomarkdoc\].*", "", text)
        text = re.sub(r"\[((?:[^\]\\]|\\.)*)\]\(<#([^>]*)>\)", place, text)
        path.write_text(text)
        said = re.search(r"```\n\n(.*?)(?:\.\s|:\s|\n\n)", text, re.DOTALL)
        first = said.group(1).replace("\n", " ").rstrip(".:") if said else ""
        lines.append(f"| [{name}]({name}.md) | {first} |")
    write("api/index.md", "\n".join(lines) + "\n" + toctree(names))


documents()
studies()
course()
log()
packages()
write("index.md", (root / "README.md").read_text() + toctree(
    ["Walkthrough <notebooks/00_walkthrough>", "Course <notebooks/course/README>", "Studies <notebooks/studies>",
     "Guides <guides>", "Reference <reference>", "Packages <api/index>", "Lab log <LAB>"]))
