"""The dead-letter desk: what needs a person is kept, grouped, corrected, replayed or discarded."""
