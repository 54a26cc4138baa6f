"""What others build on: the published contracts, how they differ, and who keeps to them."""
