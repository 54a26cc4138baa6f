"""How each ministry speaks: one folder per ministry, pure normalizers, and the kit they share."""
