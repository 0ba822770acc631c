"""What detectors see of queues."""
