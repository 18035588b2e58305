"""The committed schema, brought to where an importer would find no file: into a cluster."""

from components.committed_schema.component import CommittedSchema

__all__ = ["CommittedSchema"]
