"""Base class of all configuration models, which are frozen and refuse unknown keys."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from marquee.errors import ConfigError


class Strict(BaseModel):
    """A frozen pydantic model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    @classmethod
    def checked(cls, tree: Mapping[str, Any]) -> Self:
        """Validates plain data, with readable error messages.

        Raises:
            ConfigError: a key or value is wrong; the message has one line for each.
        """
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            lines = (
                f"{'.'.join(map(str, each['loc']))} = {each['input']!r}: {each['msg']}"
                for each in error.errors(include_url=False)
            )
            raise ConfigError("\n".join(lines)) from None
