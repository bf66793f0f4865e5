"""Checks a job file by the batch system's own rules: schemas.py kubernetes|condor FILE."""
import json
import sys

kind, name = sys.argv[1:]
text = open(name, encoding="utf-8").read()
if kind == "kubernetes":
    import kubernetes_validate

    kubernetes_validate.validate(json.loads(text), "1.30", strict=True)
else:
    import htcondor2 as htcondor

    # Parses the description and expands its macros; no daemon is asked.
    job = htcondor.Submit(text)
    assert job.getQArgs() and int(job.getQArgs()) > 0, "no queue line with a number"
    for name in ("executable", "arguments", "on_exit_remove"):
        assert job[name], name
