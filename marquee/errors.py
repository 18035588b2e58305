"""Exceptions that a user can cause.

MarqueeError              base class: a message and, if possible, a hint; never shown as a traceback
├── ConfigError           a wrong key, type or value in a configuration
├── DataError             missing, damaged or mislabelled data
├── TrainingError         a model that cannot be built, trained or exported as configured
└── ServingError          an error of a server, a client or a served model; defined in `serving.errors`
"""


class MarqueeError(Exception):
    """A user's mistake or a fault of the environment.

    Args:
        message: what is wrong, where (file, line, field) and which value.
        hint: what to do next, in a sentence.
    """

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(MarqueeError):
    """A wrong key, type or value in a configuration."""


class DataError(MarqueeError):
    """Missing, damaged or mislabelled data."""


class TrainingError(MarqueeError):
    """A model that cannot be built, trained or exported as configured."""
