"""Asks the services of ministries that do not push, and publishes what they answer."""
