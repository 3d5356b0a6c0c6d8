"""rpds-py by way of jsonschema: persistent structures in Rust, schemas that lie in a package's data."""

import importlib.resources
import pickle
from importlib.metadata import version

import jsonschema
import referencing
import referencing.jsonschema
import rpds
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema_specifications import REGISTRY

print("jsonschema", version("jsonschema"), "rpds-py", version("rpds-py"), flush=True)
mapping = rpds.HashTrieMap({"a": 1}).insert("b", 2)
print(sorted(mapping.items()), mapping.remove("a"), pickle.loads(pickle.dumps(rpds.List([1, 2]))), rpds.rpds.__name__)
try:
    mapping.remove("nothing")
except KeyError as error:
    print(type(error).__name__, error)
schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"size": {"type": "integer", "minimum": 1}},
    "properties": {"size": {"$ref": "#/$defs/size"}, "at": {"format": "date"}, "more": {"$ref": "urn:more"}},
    "required": ["size"],
}
more = referencing.Resource.from_contents({"enum": ["x"]}, referencing.jsonschema.DRAFT202012)
validator = Draft202012Validator(schema, registry=REGISTRY.with_resource("urn:more", more), format_checker=FormatChecker())
for value in ({"size": 1, "more": "x"}, {"size": 0, "at": "yesterday"}, {"more": "y"}):
    print([error.message for error in sorted(validator.iter_errors(value), key=lambda error: error.message)])
try:
    jsonschema.validate({}, schema)
except jsonschema.ValidationError as error:
    print(error)
try:
    Draft202012Validator.check_schema({"type": "nothing"})
except jsonschema.SchemaError as error:
    print(error.message, list(error.path))
print(len(REGISTRY), sorted(str(uri) for uri in REGISTRY)[:2])
print(sorted(item.name for item in importlib.resources.files("jsonschema_specifications").joinpath("schemas").iterdir())[:3])
