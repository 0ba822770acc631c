"""Memory fetched ahead of its use."""
