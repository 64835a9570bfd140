"""Holds what a published version carries for other tools against the schemas and readers that those tools ship.

    python -m venv .venv
    .venv/bin/pip install "cyclonedx-python-lib[json-validation]" huggingface_hub in-toto-attestation kubernetes-validate pyyaml
    .venv/bin/python schemas.py VERSION-FOLDER [MANIFESTS.yaml]

VERSION-FOLDER is `models/NAME/version-N` of a registry; MANIFESTS.yaml is what `proofmark registry consume --manifests` printed.
"""

import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
evidence = folder / "evidence"
failed = []


def case(name, check):
    try:
        print("ok  ", name, check() or "")
    except Exception as error:
        print("BAD ", name, repr(error)[:400])
        failed.append(name)


def bom():
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str((evidence / "bom.cdx.json").read_text())
    if error:
        raise ValueError(str(error)[:300])


def card():
    from huggingface_hub import ModelCard

    data = ModelCard((evidence / "README.md").read_text()).data.to_dict()
    assert data["model_name"] if "model_name" in data else data["model-index"], data
    return sorted(data)


def provenance():
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    text = (evidence / "provenance.json").read_text()
    parsed = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    json_format.ParseDict(json.loads(text)["predicate"], provenance_pb2.Provenance())


def lineage():
    events = [json.loads(line) for line in (evidence / "openlineage.jsonl").read_text().splitlines()]
    assert [it["eventType"] for it in events] == ["START", "COMPLETE"], events
    for event in events:
        assert {"eventTime", "producer", "schemaURL", "run", "job"} <= set(event)
        for data in event["inputs"] + event["outputs"]:
            assert data["namespace"] and data["name"]
            for facet in data["facets"].values():
                assert facet["_producer"] and facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
    return f"{len(events)} events"


def manifests():
    import kubernetes_validate
    import yaml

    kinds = []
    for document in yaml.safe_load_all(pathlib.Path(sys.argv[2]).read_text()):
        kinds.append(document["kind"])
        # KServe's resource is defined by itself, not by Kubernetes.
        if document["kind"] != "InferenceService":
            kubernetes_validate.validate(document, "1.30", strict=True)
    return kinds


case("CycloneDX 1.6", bom)
case("Hugging Face model card", card)
case("in-toto statement with SLSA provenance", provenance)
case("OpenLineage", lineage)
if len(sys.argv) > 2:
    case("Kubernetes", manifests)
sys.exit(1 if failed else 0)
