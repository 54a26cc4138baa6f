"""The state register: facts folded from operations, and golden records drawn from facts."""
