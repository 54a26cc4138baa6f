"""A synthetic country, as documents that ``qovsaq load`` takes: any size, streamed, repeatable."""
