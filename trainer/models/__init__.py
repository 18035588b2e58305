"""Models, and the layers, losses, samplers and optimizers that they are built from."""
