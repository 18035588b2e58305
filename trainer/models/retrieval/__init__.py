"""From a user to the films they may want to see: models that score the whole catalogue at once."""
