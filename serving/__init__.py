"""WHO answers: versions on disk, the embedded server, the client, the contract."""
