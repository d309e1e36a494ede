"""As much of JSON Schema (2020-12) as docs/openapi.json uses; an unknown keyword is an error, so that nothing goes unchecked."""

import json
import re
from datetime import datetime

KEYWORDS = set(
    """$ref type enum properties required additionalProperties items minimum maximum pattern format uniqueItems description
    default""".split()
)
TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def resolved(document, thing):
    """What a $ref leads to."""
    while "$ref" in thing:
        at = document
        for part in thing["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        thing = at
    return thing


def faults(document, schema, value, path="$"):
    """Where and how a value is not what its schema says, as sentences."""
    schema = resolved(document, schema)
    unknown = set(schema) - KEYWORDS
    if unknown:
        return [f"{path}: the schema has unknown keywords {unknown}"]
    found = []
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(TYPES[name](value) for name in types):
            return [f"{path}: {json.dumps(value)[:80]} is not of type {types}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is none of {schema['enum']}")
    if isinstance(value, dict):
        found += object_faults(document, schema, value, path)
    elif isinstance(value, list):
        found += array_faults(document, schema, value, path)
    elif isinstance(value, str):
        found += text_faults(schema, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            found.append(f"{path}: {value} is out of bounds")
    return found


def object_faults(document, schema, value, path):
    properties = schema.get("properties", {})
    found = [f"{path}: has no {name}" for name in schema.get("required", []) if name not in value]
    for name, member in value.items():
        if name in properties:
            found += faults(document, properties[name], member, f"{path}.{name}")
        elif schema.get("additionalProperties") is False:
            found.append(f"{path}: has {name}, which the schema does not")
    return found


def array_faults(document, schema, value, path):
    found = []
    if "items" in schema:
        for index, element in enumerate(value):
            found += faults(document, schema["items"], element, f"{path}[{index}]")
    if schema.get("uniqueItems") and len({json.dumps(element) for element in value}) < len(value):
        found.append(f"{path}: has an element twice")
    return found


def text_faults(schema, value, path):
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{path}: {value!r} does not match {schema['pattern']}"]
    if schema.get("format") == "date-time":
        try:
            datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return [f"{path}: {value!r} is no time"]
    return []
