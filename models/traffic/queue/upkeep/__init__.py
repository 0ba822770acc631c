"""What happens to queues from outside the event loop."""
