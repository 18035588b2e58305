"""The committed schema as an artifact, for clusters, where TFX's importer cannot reach the file."""

from components.committed_schema.component import CommittedSchema

__all__ = ["CommittedSchema"]
