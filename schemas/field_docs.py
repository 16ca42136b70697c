"""The texts that stand under the fields of a model: its classes say them where its JSON Schema cannot see them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from textwrap import dedent

from pydantic import AliasChoices, BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


def field_docs(model: type[BaseModel]) -> Mapping[str, str]:
    """Field name (as in Python) -> the text under it; of the class itself or of the nearest base that has one."""
    docs: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            docs.update(_own_docs(base))
    return docs


def _own_docs(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    # pydantic's `use_attribute_docstrings` reads the source when a class is made, which every command would pay for.
    [definition] = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(text.value.value)


class DescribedJsonSchema(GenerateJsonSchema):
    """Makes JSON Schemas in which every field has the text that stands under it as its `description`."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """The JSON Schema of one model."""
        described = super().model_schema(schema)
        model = schema["cls"]
        for name, text in field_docs(model).items():
            field = described.get("properties", {}).get(_json_name(model, name))
            if field is not None:
                field["description"] = text
        return described


def _json_name(model: type[BaseModel], name: str) -> str:
    alias = model.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return alias if isinstance(alias, str) else name
