# Lists licences, a line each: "licences.py go" reads "module version folder" from standard
# input and looks at the texts in the folders; "licences.py python" asks the packages of
# this environment. Ends with status 1 when one of them is not known.
import importlib.metadata
import pathlib
import re
import sys

# The first phrase that a text holds names its licence.
PHRASES = [
    ("FTL OR GPL-2.0", r"FreeType License"),
    ("CC-BY-4.0", r"Creative Commons Attribution 4\.0"),
    ("Apache-2.0", r"Apache License,?\s+Version 2\.0"),
    ("MPL-2.0", r"Mozilla Public License,? (Version|version) 2\.0"),
    ("AGPL-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("LGPL", r"GNU LESSER GENERAL PUBLIC LICENSE"),
    ("GPL", r"GNU GENERAL PUBLIC LICENSE"),
    ("OFL-1.1", r"SIL OPEN FONT LICENSE"),
    ("BSD-3-Clause", r"Redistribution and use in source and binary forms[\s\S]*(Neither the name|The names? of)"),
    ("BSD-2-Clause", r"Redistribution and use in source and binary forms"),
    ("ISC", r"Permission to use, copy, modify, and(/or)? distribute this software for any\s+purpose"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    ("CC0-1.0", r"CC0 1\.0 Universal"),
    ("Unlicense", r"This is free and unencumbered software"),
]

# What says nothing of its licence, and what is known of it.
ELSEWHERE = {"xla_cpu_pjrt": "not stated in the wheel; the source it is built from, OpenXLA, is Apache-2.0"}


def of_text(text):
    return next((name for name, phrase in PHRASES if re.search(phrase, text, re.IGNORECASE)), None)


def of_folder(folder):
    found = set()
    for path in sorted(pathlib.Path(folder).iterdir()):
        if re.match(r"(?i)(un)?licen[cs]e|copying", path.name) and path.is_file():
            found.add(of_text(path.read_text(errors="replace")))
    return " AND ".join(sorted(found - {None})) or None


def go():
    for line in sys.stdin:
        module, version, folder = line.rstrip("\n").split(" ", 2)
        yield module, version, of_folder(folder)


def python():
    for package in importlib.metadata.distributions():
        about = package.metadata
        licence = about.get("License-Expression")
        if not licence:
            named = [c.rsplit(" :: ", 1)[-1] for c in about.get_all("Classifier") or [] if c.startswith("License :: ")]
            licence = "; ".join(n for n in named if n != "OSI Approved") or None
        if not licence:
            texts = [of_text(f.locate().read_text(errors="replace")) for f in package.files or [] if re.search(r"(?i)licen[cs]e|copying", f.name) and f.locate().is_file()]
            licence = next((t for t in texts if t), None) or about.get("License", "").split("\n")[0] or None
        yield about["Name"], package.version, licence or ELSEWHERE.get(about["Name"])


unknown = 0
for name, version, licence in sorted({"go": go, "python": python}[sys.argv[1]]()):
    unknown += licence is None
    print(f"  {name} {version}: {licence or '✗ not known'}")
sys.exit(1 if unknown else 0)
