"""Local paths of object store URIs in a container: staged by Kubeflow's launcher, or mounted by Vertex."""

import os

#: As `LocalPathForURI` in Kubeflow's launcher; Vertex mounts Cloud Storage at the same place.
_FOLDERS = {"gs://": "gcs", "minio://": "minio", "s3://": "s3"}
ROOT_VARIABLE = "MARQUEE_MOUNTS"  # where nobody can write to /, and for the tests


def local_path(uri: str) -> str:
    """Returns the folder or file where a URI is staged; returns anything else unchanged."""
    for scheme, folder in _FOLDERS.items():
        if uri.startswith(scheme):
            return os.path.join(os.environ.get(ROOT_VARIABLE, "/"), folder, uri.removeprefix(scheme))
    return uri
