"""Traces of messages through the hub, where they are wanted; the extra ``qovsaq[otel]``."""
