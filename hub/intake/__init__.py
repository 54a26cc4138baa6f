"""From a ministry's message to canonical events: journal, normalize, publish, acknowledge."""
