"""What the Agency's own staff enters (decree 2.11), written and read as a ministry's message is."""
