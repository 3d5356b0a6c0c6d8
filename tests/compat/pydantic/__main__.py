"""pydantic: validation, errors and JSON schema by its core written in Rust (PyO3)."""

import datetime
import decimal
import enum
import sys
from importlib.metadata import version
from typing import Annotated, Generic, Literal, TypeVar

import pydantic
import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, computed_field, field_validator

print("pydantic", version("pydantic"), "core", pydantic_core.__version__, flush=True)
T = TypeVar("T")


class Color(enum.Enum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    """One of two kinds."""

    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=0, le=9)] = 9


class Dog(BaseModel):
    """The other."""

    kind: Literal["dog"]
    color: Color


class Page(BaseModel, Generic[T]):
    """A generic model with a validator and a computed field."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    items: list[T]
    at: datetime.datetime
    price: decimal.Decimal = decimal.Decimal("1.10")

    @field_validator("items")
    @classmethod
    def not_empty(cls, value):
        """Python called from Rust."""
        if not value:
            raise ValueError("nothing here")
        return value

    @computed_field
    @property
    def count(self) -> int:
        """How many."""
        return len(self.items)


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
PetPage = Page[Pet]
page = PetPage.model_validate_json('{"items": [{"kind": "cat"}, {"kind": "dog", "color": "red"}], "at": "2024-02-29T10:00Z"}')
print(page)
print(page.model_dump_json(indent=1))
print(PetPage.model_json_schema()["$defs"].keys(), PetPage.__name__)
for data in ({"items": [], "at": 1}, {"items": [{"kind": "cow"}], "at": "x", "more": 1}, {"items": [{"kind": "cat", "lives": 10}]}):
    try:
        PetPage.model_validate(data)
    except pydantic.ValidationError as error:
        print(error)
try:
    page.price = 1
except pydantic.ValidationError as error:
    print(error.errors(include_url=False))
print(TypeAdapter(dict[str, list[int]]).validate_json('{"a": ["1", 2]}'), pydantic_core.from_json(b'[1, 2', allow_partial=True))
print(pydantic_core.to_json({"t": datetime.timedelta(days=1), "b": b"x"}), TypeAdapter(pydantic.HttpUrl).validate_python("http://ex.org"))
print(type(pydantic_core._pydantic_core.SchemaValidator).__name__, "pydantic.v1" in sys.modules)
