"""Validates bills of materials as their readers would: `python validate.py CYCLONEDX SPDX`.

CycloneDX: against the published JSON schema in its strict form, and read into objects and written again. SPDX: read and
checked by the SPDX project's own library. Prints what was understood, one line for each component.
"""

import json
import sys

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def cyclonedx(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        sys.exit(f"CycloneDX: {problem}")
    bom = Bom.from_json(json.loads(text))
    bom.validate()
    components = [bom.metadata.component, *bom.components]
    components += [part for component in bom.components for part in component.components]
    references = [str(component.bom_ref) for component in components]
    if len(references) != len(set(references)):
        sys.exit("CycloneDX: two components have the same reference")
    return {(component.name, component.version) for component in components}


def spdx(path):
    document = parse_file(path)
    for problem in validate_full_spdx_document(document, document.creation_info.spdx_version):
        sys.exit(f"SPDX: {problem.validation_message}: {problem.context}")
    return {(package.name, package.version) for package in document.packages}


def main():
    first, second = cyclonedx(sys.argv[1]), spdx(sys.argv[2])
    if first != second:
        sys.exit(f"The two list different components: {sorted(first ^ second, key=str)}")
    for name, version in sorted(first, key=str):
        print(name, version or "?")


main()
