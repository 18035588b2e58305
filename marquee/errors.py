"""The exceptions that a user can cause.

MarqueeError              one clear message and, where there is one, what to do; never shown as a traceback
├── ConfigError           a wrong key, type or value in a configuration
├── DataError             data that is missing, damaged, or not what it says it is
├── TrainingError         a model that cannot be built, trained or exported as configured
└── ServingError          of `serving.errors`: a server, a client, or a served model
"""


class MarqueeError(Exception):
    """A user's mistake or a fault of the surroundings.

    Args:
        message: what was wrong, where (file, line, field) and which value.
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
    """Data that is missing, damaged, or not what it says it is."""


class TrainingError(MarqueeError):
    """A model that cannot be built, trained or exported as configured."""
