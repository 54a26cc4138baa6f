"""Documents over the cap of one message: cut at record boundaries, sent in parts, accounted for."""
