"""One file per step; a step only adds, so that the previous release runs on the next schema."""
